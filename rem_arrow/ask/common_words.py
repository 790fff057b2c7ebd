"""Frequent words of English that are no names of things: they are not taken for others that are spelled wrong."""

from __future__ import annotations

from rem_arrow.ask.english import word_set

# Frequent words of English that are no names of things: they are not taken for others that are spelled wrong.
COMMON = word_set(
    """complain complains complained would mind showing says said say saying tell told telling mention mentions
    mentioned talk talked talks speak think thinks thought good great nice well kindly sure possible able help
    helps helping look looks looking seem seems right left best worst next previous same other others another
    else both several various own main full whole real true false yes okay thanks hour hours minute minutes week
    weeks month months year years day days today time times ago later earlier soon now never always often
    usually sometimes ever once twice away back down here near far along across through against toward towards
    despite instead because while though although however therefore thus fall rise rose grow grew drop dropped
    happen become became remain stay stays stayed keep kept hold bring brought come came goes going gone went
    put set let lets run runs ran call calls called name named names word words thing things people person man
    woman men women child children life world country home house side part place point fact case problem
    question answer reason idea way ways kind kinds sort type types form black white blue green yellow brown
    purple orange pink grey gray colour color dark light bright big small large little long short high low old
    new young early late first last cheap rich poor hard soft easy difficult strong weak heavy eat drink sleep
    walk drive ride fly swim play work works worked working live lives lived living love like likes liked hate
    want wants wanted need needs needed use uses used try tries tried ask asks asked start started stop stopped
    open opened close closed move moved turn turned win won lose lost pay paid buy bought sell sold cost costs
    spend spent send sent give given take taken took get got make made do done will would shall should could
    might must may can cannot capital won succeed fund funds funded attend attended weather serve served
    friendly born died die dead alive married single half third quarter double pair few many much more most less
    least enough too very quite almost about above below under over between among inside outside within without
    before after during since until till around near beside behind front duty leave parking space spaces
    vacation holiday lecture league match game score team player national real publisher owner crime free busy
    full empty ready late popular famous important special general common normal simple clear certain likely
    show shows list lists find finds given tell tells display fetch return order orders sorted"""
)
