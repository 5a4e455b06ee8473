"""What the sample of Xinmi is named: major classes, departments, townships. The classes stand in `standards/*.toml`.

A sample for the demo, not Xinmi's adopted standard. Departments are named by function; new ones come at the end.
"""

from __future__ import annotations

MAJORS = (
    ("01", "公用设施", "Public facilities"),
    ("02", "道路交通", "Roads and traffic"),
    ("03", "市容环境", "Appearance and sanitation"),
    ("04", "施工与违建", "Building and illegal structures"),
    ("05", "街面秩序", "Street order"),
    ("06", "应急处置", "Emergency response"),
    ("07", "矛盾纠纷", "Disputes"),
    ("08", "公共服务", "Public services"),
    ("09", "社情", "Social situation"),
    ("10", "治安安全", "Public security"),
)

DEPARTMENTS = (
    ("urban", "城市管理局", "Urban management"),
    ("housing", "住房和城乡建设局", "Housing and construction"),
    ("police", "公安局", "Police"),
    ("fire", "消防救援大队", "Fire and rescue"),
    ("emergency", "应急管理局", "Emergency management"),
    ("market", "市场监督管理局", "Market supervision"),
    ("labour", "人力资源和社会保障局", "Labour and social security"),
    ("land", "自然资源和规划局", "Natural resources and planning"),
    ("environment", "生态环境分局", "Ecology and environment"),
    ("civil", "民政局", "Civil affairs"),
    ("transport", "交通运输局", "Transport"),
    ("gas", "燃气公司", "Gas supplier"),
    ("power", "供电公司", "Power supplier"),
    ("water", "自来水公司", "Water supplier"),
    ("justice", "司法局", "Justice bureau"),
    ("health", "卫生健康委员会", "Health"),
    ("agriculture", "农业农村局", "Agriculture"),
    ("education", "教育体育局", "Education and sports"),
    ("petitions", "信访局", "Petitions"),
    ("telecom", "通信公司", "Telecom supplier"),
    ("heating", "供热公司", "Heating supplier"),
)

TOWNS_EN = {
    "410183001": "Qingpingjie",
    "410183002": "Xinhualu",
    "410183003": "Xidajie",
    "410183100": "Chengguan",
    "410183101": "Micun",
    "410183102": "Niudian",
    "410183103": "Pingmo",
    "410183104": "Chaohua",
    "410183105": "Goutang",
    "410183106": "Dakui",
    "410183107": "Liuzhai",
    "410183108": "Baizhai",
    "410183109": "Yuecun",
    "410183110": "Laiji",
    "410183113": "Quliang",
    "410183200": "Yuanzhuang",
    "410183400": "Kuangqu",
    "410183401": "Fuxishan",
    "410183402": "Quliang Industry",
}
