"""The tables of the demo: modules, classes and functions of a Python installation.

An `id` is a qualified name, such as "json.encoder.JSONEncoder.encode", and unique in its table. A name is public when
no part of the qualified name begins with an underscore. Times of creation and change are added by the database.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Module(BaseModel):
    """A module or package of the Python standard library."""

    model_config = ConfigDict(
        json_schema_extra={
            "category": "public",
            "indexed_fields": ["package", "kind"],
            "key_field": "name",
            "embedding_fields": ["name", "docstring"],
        }
    )

    id: str = Field(description="Full name, such as json.decoder")
    name: str = Field(description="Last part of the full name")
    package: str = Field(description="First part of the full name")
    kind: str = Field(
        description="module, package, builtin, extension, or absent from this build (such as winreg on Linux)"
    )
    docstring: str | None = Field(default=None, description="What the module says of itself")
    file: str | None = Field(
        default=None, description="Path below the library's folder; NULL where there is no Python source"
    )
    size: int = Field(default=0, description="Lines of source")
    is_public: bool = Field(default=True, description="No part of the full name begins with an underscore")


class Class(BaseModel):
    """A class, at the top of a module or inside another class."""

    model_config = ConfigDict(
        json_schema_extra={
            "category": "public",
            "indexed_fields": ["module", "package"],
            "key_field": "name",
            "embedding_fields": ["name", "docstring"],
        }
    )

    id: str = Field(description="Qualified name, such as json.decoder.JSONDecoder")
    name: str = Field(description="Name without module and outer class")
    module: str = Field(description="Id of the module that defines it")
    package: str = Field(description="First part of the qualified name")
    bases: list[str] = Field(default_factory=list, description="Base classes as written")
    docstring: str | None = Field(default=None, description="What the class says of itself")
    file: str = Field(description="Path below the library's folder")
    line: int = Field(description="Line of the class statement, from 1")
    size: int = Field(description="Lines of source")
    is_public: bool = Field(default=True, description="No part of the qualified name begins with an underscore")


class Function(BaseModel):
    """A function at the top of a module, or a method of a class."""

    model_config = ConfigDict(
        json_schema_extra={
            "category": "public",
            "indexed_fields": ["module", "package", "class_id"],
            "key_field": "name",
            "embedding_fields": ["name", "docstring"],
        }
    )

    id: str = Field(description="Qualified name, such as json.dumps")
    name: str = Field(description="Name without module and class")
    module: str = Field(description="Id of the module that defines it")
    package: str = Field(description="First part of the qualified name")
    class_id: str | None = Field(
        default=None, description="Id of the class of a method; NULL for a function of the module"
    )
    signature: str = Field(description="Name, parameters with their defaults, and result type")
    docstring: str | None = Field(default=None, description="What the function says of itself")
    file: str = Field(description="Path below the library's folder")
    line: int = Field(description="Line of the def statement, from 1")
    size: int = Field(description="Lines of source")
    is_async: bool = Field(default=False, description="Defined by async def")
    is_public: bool = Field(default=True, description="No part of the qualified name begins with an underscore")
