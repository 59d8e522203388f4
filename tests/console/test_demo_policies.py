"""The demo's policies on the simulator's page: enough to verify one, and no identity number."""

from dataclasses import asdict
from datetime import date

from console.simulator.demo_policies import demo_policies

TODAY = date(2026, 11, 23)


def test_a_policy_is_shown_once_with_all_its_people():
    shown = demo_policies({"zhenai-wuxian-2023": "臻爱无限"}, today=TODAY)
    assert [policy.number for policy in shown] == ["DEMO-WX-0001", "DEMO-WX-0002", "DEMO-WX-0003"]
    assert asdict(shown[0]) == {
        "product": "臻爱无限",
        "number": "DEMO-WX-0001",
        "insured": ["演示甲", "演示乙", "演示小宝"],
        "phone_last4": "0101",
        "about": "2025-03-15 起，有效",
    }


def test_a_policy_that_is_not_in_force_says_so():
    shown = demo_policies({"junlong-zhenai-21": "臻爱21"}, today=TODAY)
    assert "效力中止" in {policy.number: policy.about for policy in shown}["DEMO-JL-0003"]


def test_the_policies_come_in_the_order_of_the_accounts_products():
    products = {"junlong-zhenai-21": "臻爱21", "chengzhang-youxiang-2025": "成长优享"}
    order = list(dict.fromkeys(policy.product for policy in demo_policies(products, today=TODAY)))
    assert order == ["臻爱21", "成长优享"]
