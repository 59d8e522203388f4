"""A terrain small enough to see whole: two made-up products with two services, and a list of four drugs."""

from intents.terrain import DrugNames, Phrasing, ProductNames, ServiceNames, Terrain, Topic

SUN, MOON = "sun-care", "moon-care"

PRODUCTS = (
    ProductNames(id=SUN, short="旭日安康", called=("旭日安康", "旭日保险"), shared=("安康", "京城保险")),
    ProductNames(id=MOON, short="明月安康", called=("明月安康", "明月2025"), shared=("安康",)),
)
SERVICES = (
    ServiceNames(product=SUN, id="drug", family="specialty-drug", short="特药", called=("特药服务",)),
    ServiceNames(product=MOON, id="drug", family="specialty-drug", short="特药", called=("特药服务",)),
    ServiceNames(product=SUN, id="advance", family="inpatient-advance", short="住院垫付", called=("垫付住院费",)),
    ServiceNames(product=SUN, id="contact", family="contact", short="联系方式", called=("客服电话",), topic=True),
)


def topic(product: str, service: str, family: str, key: str, ask: str, say: str) -> Topic:
    return Topic(
        id=f"{product}/{service}/{key}", product=product, service=service, family=family, key=key, ask=ask, say=say
    )


TOPICS = (
    topic(SUN, "drug", "specialty-drug", "waiting-period", "特药等待期多久", "等待期60天。"),
    topic(SUN, "drug", "specialty-drug", "uses", "特药能用几次", "每年2次。"),
    topic(MOON, "drug", "specialty-drug", "waiting-period", "特药等待期多久", "没有等待期。"),
    topic(SUN, "advance", "inpatient-advance", "uses", "垫付能用几次", "不限次。"),
    topic(SUN, "contact", "contact", "contact", "客服电话是多少", "电话400-000-0000。"),
)
DRUGS = (
    DrugNames(product=SUN, no=1, brand="星愈片", generic="塞洛替尼", maker="星河制药", nicknames=("S药", "starlo")),
    DrugNames(product=SUN, no=2, brand="晨星片", generic="塞洛替尼", maker="月湖生物"),
    DrugNames(product=SUN, no=3, brand="月安针", generic="米拉单抗", maker="月湖生物"),
    DrugNames(product=SUN, no=4, brand="云舒", generic="佩诺度胺", maker="星河制药"),
)
TERRAIN = Terrain(
    products=PRODUCTS,
    services=SERVICES,
    topics=TOPICS,
    drugs=DRUGS,
    phrasings=(
        Phrasing(text="特药买了多久能用", topic=f"{SUN}/drug/waiting-period"),
        Phrasing(text="特药一年几次", topic=f"{SUN}/drug/uses"),
    ),
    foreign={"general": ("今天天气怎么样", "讲个笑话"), "medical": ("头疼吃什么药",)},
)
