"""What SQLAlchemy's tests may ask of the dialect: what is on beside SQLAlchemy's defaults, and what is off."""

from __future__ import annotations

from sqlalchemy.testing import exclusions
from sqlalchemy.testing.provision import temp_table_keyword_args
from sqlalchemy.testing.requirements import SuiteRequirements

from tests.drivers.alchemy.off import OFF

ON = [
    "aggregate_order_by",
    "array_type",
    "autocommit",
    "check_constraint_reflection",
    "comment_reflection",
    "comment_reflection_full_unicode",
    "computed_columns",
    "computed_columns_default_persisted",
    "computed_columns_reflect_persisted",
    "computed_columns_stored",
    "create_or_replace_view",
    "create_table_as",
    "create_temp_table_as",
    "cross_schema_fk_reflection",
    "ctes",
    "ctes_with_update_delete",
    "ctes_with_values",
    "date_historic",
    "datetime_historic",
    "datetime_interval",
    "datetime_literals",
    "datetime_timezone",
    "datetime_timezone_historic",
    "delete_from",
    "expression_server_defaults",
    "fetch_expression",
    "fetch_first",
    "fetch_no_order_by",
    "fetch_offset_with_options",
    "float_or_double_precision_behaves_generically",
    "foreign_key_constraint_name_reflection",
    "has_temp_table",
    "infinity_floats",
    "inline_check_constraint_reflection",
    "intersect",
    "isolation_level",
    "json_type",
    "precision_numerics_many_significant_digits",
    "precision_numerics_retains_significant_digits",
    "reflects_pk_names",
    "regexp_match",
    "regexp_replace",
    "schema_create_delete",
    "server_defaults",
    "supports_bitwise_and",
    "supports_bitwise_not",
    "supports_bitwise_or",
    "supports_bitwise_shift",
    "supports_bitwise_xor",
    "table_ddl_if_exists",
    "table_value_constructor",
    "temp_table_comment_reflection",
    "temp_table_names",
    "temporary_views",
    "timestamp_microseconds",
    "tuple_in",
    "unicode_ddl",
    "update_from",
    "uuid_data_type",
    "views",
    "window_functions",
    "window_range",
    "window_range_numeric",
]


class Requirements(SuiteRequirements):
    """On and off, by the name of the requirement."""

    def get_isolation_levels(self, config):
        """The levels that `AUTOCOMMIT` stands beside."""
        return {"default": "SNAPSHOT", "supported": ["SNAPSHOT", "AUTOCOMMIT"]}


for name in ON:
    setattr(Requirements, name, property(lambda self: exclusions.open()))
for name, reason in OFF.items():
    setattr(Requirements, name, property(lambda self, reason=reason: exclusions.skip_if(lambda config: True, reason)))


@temp_table_keyword_args.for_db("rem")
def _temporary(cfg, eng):
    return {"prefixes": ["TEMPORARY"]}
