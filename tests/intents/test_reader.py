"""Reading a message tells products, services and what is asked apart, and decides nothing."""

import pytest

from intents import cues
from intents.reader import SERVICE_MARK, Reader
from intents.terrain import ProductNames, Terrain
from tests.intents.terrains import MOON, SUN, TERRAIN


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(TERRAIN, cues.load())


def test_a_named_product_is_read_and_leaves_the_rest(reader: Reader) -> None:
    reading = reader.read("旭日安康的特药等待期多久")
    assert reading.products == (SUN,)
    assert reading.rest == "特药等待期多久"


def test_products_are_read_in_the_order_they_were_named(reader: Reader) -> None:
    assert reader.read("明月安康和旭日安康有什么区别").products == (MOON, SUN)
    assert reader.read("旭日安康，旭日保险").products == (SUN,)


def test_a_misheard_product_is_read(reader: Reader) -> None:
    assert reader.read("序日安康特药").products == (SUN,)


def test_a_shared_name_narrows_and_never_decides(reader: Reader) -> None:
    reading = reader.read("安康的特药等待期")
    assert reading.products == ()
    assert reading.narrowed == {SUN, MOON}


def test_a_shared_name_beside_a_full_one_says_nothing(reader: Reader) -> None:
    assert reader.read("旭日安康，就是安康那个").narrowed == frozenset()


def test_a_name_that_only_one_product_shares_narrows_nothing(reader: Reader) -> None:
    assert reader.read("京城保险特药").narrowed == frozenset()


def test_services_are_masked_so_that_the_question_about_them_stands_out(reader: Reader) -> None:
    reading = reader.read("旭日安康住院垫付能用几次")
    assert reading.aspect == f"{SERVICE_MARK}能用几次"
    assert reading.places == {f"{SUN}/advance"}
    assert reading.families == {"inpatient-advance"}


def test_a_service_of_two_products_is_read_as_both(reader: Reader) -> None:
    assert reader.read("特药").places == {f"{SUN}/drug", f"{MOON}/drug"}


def test_a_topic_gives_a_family_but_no_place(reader: Reader) -> None:
    reading = reader.read("客服电话多少")
    assert reading.families == {"contact"}
    assert reading.places == frozenset()


def test_cues_tell_what_is_asked(reader: Reader) -> None:
    assert "waiting-period" in reader.read("等待期").attributes
    assert "materials" in reader.read("要带什么证件").attributes
    assert reader.read("").attributes == frozenset()


def test_each_family_is_marked_with_each_cue(reader: Reader) -> None:
    marks = reader.read("住院垫付等待期").marks
    assert {"f:inpatient-advance", "a:waiting-period", "inpatient-advance*waiting-period"} <= set(marks)


def test_a_name_that_fits_two_products_by_sound_is_cut_out_once() -> None:
    alike = tuple(ProductNames(id=name, short=name, called=(name,)) for name in ("安心保", "安新保"))
    reading = Reader(Terrain(products=alike, services=(), topics=()), cues.load()).read("安馨保等待期多久")
    assert set(reading.products) == {"安心保", "安新保"}
    assert reading.rest == "等待期多久"
