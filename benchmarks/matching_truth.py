"""A truth for the matcher of enterprise records, written by somebody who has not read the matcher (合成数据).

Belongs here: invented firms with the names, places, people, phones and credit codes that Chinese offices write in
their different ways, which firm every record is, and disturbed leads for names of a real register.
Does not belong here: anything of the matcher (its parsing, tables, thresholds), measuring, Splink.

Every record can be decided by somebody careful. A record whose name says less than the firm's registered name
(a typo in the 字号, no place, no trade, a former name) carries at least as many of the firm's own attributes
(legal person, own phone, own address) as `RECORD_KINDS` asks for, and the firm's first record carries them all.
Attributes shared with other firms (an agent's phone, a building, a group's legal person) never count.
Codes come from their own random stream: the three settings of `codes` give the same records, save that a former name
without a code in common is then listed in `aliases`.
"""

from __future__ import annotations

import itertools
import random
import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

# Share of firms by kind, in percent. Families count every member.
FIRM_KINDS = {
    "company": 51.0,  # a company of its own; its 字号 may be borne by others by chance
    "individual": 8.0,  # 个体工商户: a shop with the name of a town
    "cooperative": 2.0,  # 合作社
    "foreign": 4.0,  # ABC电子(苏州)有限公司, 艾尔森电子(苏州)有限公司
    "partnership": 2.0,  # 合伙企业(有限合伙)
    "namesake": 6.0,  # 字号 and trade of an earlier firm, in another city, otherwise a stranger
    "lookalike": 2.0,  # city and trade of an earlier firm, 字号 one character off, otherwise a stranger
    "city_sibling": 7.0,  # one brand, one trade, several cities
    "trade_sibling": 6.0,  # one brand, one city, several trades
    "numbered": 3.0,  # 第一/第二 …
    "group": 5.0,  # 集团 parent and subsidiaries
    "branch": 4.0,  # a company with 分公司, 分厂, 第二门市部
}
FAMILY_SIZES = {"city_sibling": (2, 5), "trade_sibling": (2, 4), "numbered": (2, 4), "group": (3, 6), "branch": (2, 5)}

# Firms by number of records, in percent.
RECORDS_PER_FIRM = {1: 50.0, 2: 27.0, 3: 15.0, 4: 8.0}

# Weight of a record's kind (the first record of a firm with several is plain), and how many attributes of its own
# it must share with the firm's first record. "key": none where city, 字号 and trade fit one firm only, else two.
# A kind that does not suit the firm is drawn again, so measured shares differ: `truth_kinds` says what was done.
RECORD_KINDS: dict[str, tuple[float, int | str]] = {
    "plain": (14.0, 0),
    "format": (7.0, 0),  # full-width letters, spaces, brackets, 第1 for 第一
    "traditional": (3.0, 0),
    "form_equal": (8.0, 0),  # 有限公司 / 有限责任公司; 专业合作社 / 农民专业合作社; brackets of 有限合伙
    "form_converted": (3.0, 1),  # 有限公司 / 股份有限公司 / 公司
    "formless": (8.0, "key"),  # 苏州宏达电子
    "place_suffix": (6.0, 0),  # 苏州 / 苏州市, 江苏 / 江苏省
    "place_order": (5.0, 0),  # 苏州宏达电子 / 宏达电子(苏州) / 宏达(苏州)电子
    "place_wider": (5.0, 0),  # province in front
    "county_changed": (4.0, 2),  # 昆山市 for 苏州, 苏州市吴中区 for 苏州
    "place_missing": (5.0, 2),  # 宏达电子有限公司
    "zone_form": (5.0, 0),  # 经济技术开发区 / 经开区 / 开发区
    "zone_missing": (5.0, 1),
    "zone_added": (5.0, 1),
    "typo_homophone": (4.0, 1),
    "typo_lookalike": (2.0, 1),
    "typo_swapped": (1.5, 1),
    "typo_missing": (1.5, 2),
    "typo_doubled": (1.5, 1),
    "typo_trade": (2.0, 1),
    "brand_trade": (4.0, 2),  # 宏达电子
    "place_brand": (3.0, 2),  # 苏州宏达
    "brand": (2.0, 2),  # 宏达
    "trade_short": (2.0, 2),  # 苏州宏达电子 for 宏达电子科技
    "foreign_language": (20.0, 2),  # Elsen Electronics (Suzhou) Co., Ltd. (foreign firms only)
    "foreign_mixed": (8.0, 1),  # ELSEN艾尔森电子
    "owner": (12.0, 2),  # 王建国; the shop's name with (王建国) behind it needs none (个体工商户 only)
    "owner_added": (8.0, 0),
}

# Other shares: of firms (first five) and of records.
RENAMED = 0.07  # of firms with several records: one record bears the former name
AGENT_PHONE = 0.03  # an agent's phone, about 30 firms each
BUILDING = 0.04  # a building's address, about 20 firms each
ZONE_IN_NAME = 0.08
ZONE_IN_ADDRESS = 0.10  # besides: in a zone, but not in the name
WRONG_CITY = 0.02
CHANGED_PERSON = 0.07
MOVED = 0.07
NEW_PHONE = 0.06
ZONE_KINDS = 0.6  # of records of firms in a zone (but for the first): one of the kinds zone_…
SECOND_CHANGE = 0.25  # one more harmless change of the name
CODED = 0.5
BROKEN_CODE = 1 / 3  # of those with a code where codes="invalid"

# Who wrote the record: weight and chance of city, legal person, phone, address.
OFFICES = {
    "town ledger": (30.0, 0.60, 0.70, 0.80, 0.50),
    "tax list": (30.0, 0.90, 0.90, 0.50, 0.90),
    "park list": (20.0, 0.50, 0.50, 0.80, 0.40),
    "old register": (20.0, 0.80, 0.80, 0.30, 0.70),
}

# ------------------------------------------------------------------------------------------------ words
# code · province · city · city in letters · weight in the real register · districts, counties and county cities
_CITIES = """\
5001 重庆 重庆 Chongqing 2249 万州区,涪陵区,渝中区,大渡口区,江北区,沙坪坝区,九龙坡区,南岸区,北碚区,綦江区,大足区,渝北区,巴南区,黔江区
1201 天津 天津 Tianjin 2551 和平区,河东区,河西区,南开区,河北区,红桥区,东丽区,西青区,津南区,北辰区,武清区,宝坻区,宁河区,静海区
3101 上海 上海 Shanghai 7479 黄浦区,徐汇区,长宁区,静安区,普陀区,虹口区,杨浦区,闵行区,宝山区,嘉定区,金山区,松江区,青浦区,奉贤区
1101 北京 北京 Beijing 5101 东城区,西城区,朝阳区,丰台区,石景山区,海淀区,门头沟区,房山区,通州区,顺义区,昌平区,大兴区,怀柔区,平谷区
5101 四川 成都 Chengdu 2786 彭州市,崇州市,邛崃市,郫都区,锦江区,新都区,青白江区
3302 浙江 宁波 Ningbo 2143 慈溪市,余姚市,象山县,江北区,奉化区,北仑区,海曙区
6101 陕西 西安 Xi'an 1852 周至县,蓝田县,鄠邑区,高陵区,阎良区,未央区
2102 辽宁 大连 Dalian 1757 瓦房店市,庄河市,长海县,西岗区,普兰店区,旅顺口区,中山区
4201 湖北 武汉 Wuhan 1752 汉南区,黄陂区,汉阳区,洪山区
3301 浙江 杭州 Hangzhou 1750 建德市,淳安县,桐庐县,富阳区,拱墅区,钱塘区,临平区
4401 广东 广州 Guangzhou 1739 荔湾区,花都区,白云区,番禺区
4403 广东 深圳 Shenzhen 1634 光明区,龙岗区,罗湖区,福田区
3201 江苏 南京 Nanjing 1594 高淳区,六合区,秦淮区,建邺区
3205 江苏 苏州 Suzhou 1571 昆山市,常熟市,张家港市,相城区,姑苏区,虎丘区,吴中区
3505 福建 泉州 Quanzhou 1374 南安市,晋江市,石狮市,洛江区,鲤城区,泉港区,丰泽区
3502 福建 厦门 Xiamen 1344 集美区,同安区,湖里区,海沧区
5301 云南 昆明 Kunming 1324 安宁市,富民县,宜良县,呈贡区,西山区,晋宁区,东川区
3202 江苏 无锡 Wuxi 1320 江阴市,宜兴市,新吴区,梁溪区,滨湖区,惠山区
3303 浙江 温州 Wenzhou 1302 瑞安市,龙港市,乐清市,鹿城区,洞头区,龙湾区,瓯海区
2101 辽宁 沈阳 Shenyang 1265 新民市,康平县,法库县,大东区,苏家屯区,浑南区,辽中区
3401 安徽 合肥 Hefei 1237 巢湖市,庐江县,长丰县,包河区,庐阳区,瑶海区,蜀山区
3501 福建 福州 Fuzhou 1181 福清市,平潭县,闽侯县,鼓楼区,长乐区,晋安区,仓山区
1401 山西 太原 Taiyuan 1136 古交市,清徐县,阳曲县,万柏林区,迎泽区,晋源区,小店区
4101 河南 郑州 Zhengzhou 1086 荥阳市,巩义市,登封市,上街区,惠济区,中原区,二七区
3310 浙江 台州 Taizhou 1073 临海市,玉环市,温岭市,黄岩区,路桥区,椒江区
3204 江苏 常州 Changzhou 1053 溧阳市,新北区,武进区,金坛区,钟楼区
3702 山东 青岛 Qingdao 959 平度市,胶州市,莱西市,黄岛区,李沧区,城阳区,市南区
3206 江苏 南通 Nantong 883 海安市,如皋市,启东市,海门区,崇川区,通州区
4406 广东 佛山 Foshan 853 禅城区,三水区,高明区,顺德区
2301 黑龙江 哈尔滨 Haerbin 842 尚志市,五常市,延寿县,平房区,呼兰区,松北区,香坊区
2201 吉林 长春 Changchun 837 公主岭市,德惠市,榆树市,南关区,朝阳区,二道区,绿园区
5201 贵州 贵阳 Guiyang 815 清镇市,息烽县,修文县,花溪区,乌当区,南明区,白云区
4301 湖南 长沙 Changsha 780 浏阳市,宁乡市,长沙县,芙蓉区,望城区,岳麓区,开福区
1301 河北 石家庄 Shijiazhuang 765 新乐市,晋州市,辛集市,藁城区,鹿泉区,长安区,桥西区
3307 浙江 金华 Jinhua 712 兰溪市,永康市,义乌市,金东区,婺城区
3304 浙江 嘉兴 Jiaxing 696 海宁市,桐乡市,平湖市,南湖区,秀洲区
4501 广西 南宁 Nanning 655 横州市,隆安县,上林县,良庆区,武鸣区,兴宁区,邕宁区
3601 江西 南昌 Nanchang 596 南昌县,安义县,进贤县,红谷滩区,西湖区,青山湖区,新建区
1306 河北 保定 Baoding 591 高碑店市,定州市,安国市,徐水区,竞秀区,莲池区,清苑区
6201 甘肃 兰州 Lanzhou 581 榆中县,皋兰县,永登县,西固区,安宁区,七里河区,红古区
3701 山东 济南 Jinan 563 商河县,平阴县,章丘区,济阳区,市中区,历城区
3306 浙江 绍兴 Shaoxing 544 诸暨市,嵊州市,新昌县,柯桥区,越城区,上虞区
3706 山东 烟台 Yantai 539 莱州市,栖霞市,海阳市,蓬莱区,芝罘区,牟平区,莱山区
6501 新疆 乌鲁木齐 Wulumuqi 490 天山区,头屯河区,新市区,达坂城区
1302 河北 唐山 Tangshan 477 迁安市,遵化市,滦州市,路北区,路南区,曹妃甸区,丰润区
4103 河南 洛阳 Luoyang 431 偃师市,孟津县,新安县,孟津区,吉利区,洛龙区,涧西区
4601 海南 海口 Haikou 427 琼山区,秀英区,美兰区,龙华区
4405 广东 汕头 Shantou 422 南澳县,澄海区,潮阳区,濠江区,龙湖区
3506 福建 漳州 Zhangzhou 421 龙海市,云霄县,长泰县,芗城区,龙文区,龙海区,长泰区
3210 江苏 扬州 Yangzhou 405 高邮市,仪征市,宝应县,广陵区,江都区,邗江区
3209 江苏 盐城 Yancheng 401 东台市,响水县,阜宁县,盐都区,大丰区,亭湖区
3211 江苏 镇江 Zhenjiang 393 句容市,扬中市,丹阳市,丹徒区,润州区,京口区
3408 安徽 安庆 Anqing 389 桐城市,潜山市,望江县,迎江区,宜秀区,大观区
4113 河南 南阳 Nanyang 383 邓州市,镇平县,方城县,宛城区,卧龙区
1304 河北 邯郸 Handan 373 武安市,磁县,鸡泽县,永年区,丛台区,峰峰矿区,邯山区
4205 湖北 宜昌 Yichang 361 宜都市,枝江市,当阳市,猇亭区,伍家岗区,夷陵区,点军区
3212 江苏 泰州 Taizhou 355 靖江市,泰兴市,兴化市,高港区,海陵区,姜堰区
3203 江苏 徐州 Xuzhou 350 新沂市,邳州市,沛县,泉山区,铜山区,云龙区,鼓楼区
3707 山东 潍坊 Weifang 348 诸城市,昌邑市,安丘市,坊子区,奎文区,潍城区,寒亭区
4107 河南 新乡 Xinxiang 346 长垣市,卫辉市,辉县市,卫滨区,红旗区,凤泉区,牧野区
1309 河北 沧州 Cangzhou 343 黄骅市,泊头市,任丘市,运河区,新华区
4503 广西 桂林 Guilin 343 荔浦市,全州县,平乐县,七星区,秀峰区,叠彩区,象山区
6103 陕西 宝鸡 Baoji 341 岐山县,凤县,眉县,陈仓区,凤翔区,渭滨区,金台区
2103 辽宁 鞍山 Anshan 340 海城市,台安县,铁西区,千山区,立山区,铁东区
1310 河北 廊坊 Langfang 331 霸州市,三河市,文安县,广阳区,安次区
2202 吉林 吉林 Jilin 325 桦甸市,舒兰市,磐石市,昌邑区,丰满区,船营区,龙潭区
4404 广东 珠海 Zhuhai 321 金湾区,斗门区,香洲区
5203 贵州 遵义 Zunyi 320 赤水市,仁怀市,正安县,红花岗区,汇川区,播州区
5106 四川 德阳 Deyang 317 什邡市,绵竹市,广汉市,罗江区,旌阳区
3402 安徽 芜湖 Wuhu 317 无为市,南陵县,弋江区,湾沚区,镜湖区,繁昌区
4203 湖北 十堰 Shiyan 315 丹江口市,郧西县,竹溪县,茅箭区,郧阳区,张湾区
2106 辽宁 丹东 Dandong 314 东港市,凤城市,元宝区,振兴区,振安区
3504 福建 三明 Sanming 312 永安市,清流县,宁化县,三元区,梅列区,沙县区
3507 福建 南平 Nanping 308 武夷山市,邵武市,建瓯市,延平区,建阳区
1404 山西 长治 Zhangzhi 308 平顺县,武乡县,沁县,上党区,屯留区,潞州区,潞城区
6104 陕西 咸阳 Xianyang 306 兴平市,彬州市,礼泉县,秦都区,杨陵区,渭城区
3713 山东 临沂 Linyi 302 沂南县,平邑县,沂水县,罗庄区,兰山区,河东区
1408 山西 运城 Yuncheng 299 永济市,河津市,垣曲县,盐湖区
3703 山东 淄博 Zibo 299 桓台县,高青县,沂源县,临淄区,周村区,张店区,博山区
4502 广西 柳州 Liuzhou 297 鹿寨县,柳城县,融安县,柳北区,城中区,鱼峰区,柳江区
5107 四川 绵阳 Mianyang 297 江油市,盐亭县,梓潼县,涪城区,安州区,游仙区
1303 河北 秦皇岛 Qinhuangdao 297 昌黎县,卢龙县,北戴河区,海港区,山海关区,抚宁区
1501 内蒙古 呼和浩特 Huhehaote 293 清水河县,武川县,托克托县,新城区,回民区,玉泉区,赛罕区
1407 山西 晋中 Jinzhong 293 介休市,左权县,昔阳县,榆次区,太谷区
3305 浙江 湖州 Huzhou 290 长兴县,安吉县,德清县,南浔区,吴兴区
4413 广东 惠州 Huizhou 287 龙门县,博罗县,惠东县,惠城区,惠阳区
4407 广东 江门 Jiangmen 284 开平市,台山市,恩平市,蓬江区,江海区,新会区
4105 河南 安阳 Anyang 282 林州市,安阳县,滑县,北关区,文峰区,龙安区,殷都区
3604 江西 九江 Jiujiang 281 共青城市,庐山市,瑞昌市,浔阳区,濂溪区,柴桑区
6401 宁夏 银川 Yinchuan 278 灵武市,贺兰县,永宁县,金凤区,兴庆区,西夏区
1410 山西 临汾 Linfen 275 霍州市,侯马市,浮山县,尧都区
5303 云南 曲靖 Qujing 272 宣威市,会泽县,罗平县,马龙区,沾益区,麒麟区
5111 四川 乐山 Leshan 271 峨眉山市,夹江县,犍为县,五通桥区,市中区,金口河区,沙湾区
1502 内蒙古 包头 Baotou 270 固阳县,石拐区,青山区,昆都仑区,九原区
3411 安徽 滁州 Chuzhou 265 天长市,明光市,来安县,南谯区,琅琊区
6301 青海 西宁 Xining 262 湟源县,湟中区,城中区,城西区,城东区
3412 安徽 阜阳 Fuyang 260 界首市,阜南县,临泉县,颍东区,颍州区,颍泉区
4509 广西 玉林 Yulin 258 北流市,陆川县,兴业县,福绵区,玉州区
3607 江西 赣州 Ganzhou 257 瑞金市,龙南市,石城县,章贡区,南康区,赣县区
4408 广东 湛江 Zhanjiang 257 廉江市,吴川市,雷州市,麻章区,赤坎区,坡头区,霞山区
1305 河北 邢台 Xingtai 252 沙河市,南宫市,新河县,任泽区,南和区,信都区,襄都区
3611 江西 上饶 Shangrao 251 德兴市,余干县,横峰县,广丰区,广信区,信州区
3405 安徽 马鞍山 Maanshan 249 和县,当涂县,含山县,花山区,雨山区,博望区
1402 山西 大同 Datong 242 阳高县,天镇县,广灵县,云冈区,平城区,新荣区,云州区
4206 湖北 襄阳 Xiangyang 240 老河口市,枣阳市,宜城市,襄州区,襄城区,樊城区
3509 福建 宁德 Ningde 240 福安市,福鼎市,寿宁县,蕉城区
5304 云南 玉溪 Yuxi 236 澄江市,通海县,华宁县,江川区,红塔区
2108 辽宁 营口 Yingkou 235 大石桥市,盖州市,站前区,西市区,老边区,鲅鱼圈区
6107 陕西 汉中 Hanzhong 233 勉县,略阳县,城固县,汉台区,南郑区
5110 四川 内江 Neijiang 232 隆昌市,资中县,威远县,东兴区,市中区
4302 湖南 株洲 Zhuzhou 232 醴陵市,茶陵县,攸县,天元区,荷塘区,芦淞区,渌口区
3708 山东 济宁 Jining 229 曲阜市,邹城市,微山县,兖州区,任城区
5113 四川 南充 Nanchong 229 阆中市,仪陇县,西充县,高坪区,顺庆区,嘉陵区
1307 河北 张家口 Zhangjiakou 227 赤城县,怀安县,阳原县,桥西区,桥东区,万全区,宣化区
6105 陕西 渭南 Weinan 222 韩城市,华阴市,潼关县,华州区,临渭区
3413 安徽 宿州 Suzhou 219 泗县,萧县,灵璧县,埇桥区
4114 河南 商丘 Shangqiu 218 永城市,睢县,柘城县,睢阳区,梁园区
4108 河南 焦作 Jiaozuo 217 沁阳市,孟州市,武陟县,中站区,马村区,山阳区,解放区
3508 福建 龙岩 Longyan 216 漳平市,长汀县,武平县,永定区,新罗区
4210 湖北 荆州 Jingzhou 214 洪湖市,监利市,松滋市,荆州区,沙市区
3608 江西 吉安 Jian 213 井冈山市,永新县,万安县,青原区,吉州区
4211 湖北 黄冈 Huanggang 213 麻城市,武穴市,黄梅县,黄州区
5115 四川 宜宾 Yibin 212 高县,兴文县,屏山县,翠屏区,南溪区,叙州区
3415 安徽 六安 Luan 210 霍邱县,霍山县,金寨县,金安区,裕安区,叶集区
3710 山东 威海 Weihai 207 乳山市,荣成市,环翠区,文登区
1405 山西 晋城 Jincheng 207 高平市,陵川县,泽州县,城区
6108 陕西 榆林 Yulin 206 神木市,清涧县,吴堡县,横山区,榆阳区
1311 河北 衡水 Hengshui 205 深州市,安平县,枣强县,桃城区,冀州区
4104 河南 平顶山 Pingdingshan 203 舞钢市,汝州市,鲁山县,卫东区,石龙区,新华区,湛河区
2104 辽宁 抚顺 Fushun 200 抚顺县,东洲区,新抚区,望花区,顺城区
4304 湖南 衡阳 Hengyang 199 常宁市,耒阳市,衡山县,南岳区,雁峰区,石鼓区,珠晖区
4306 湖南 岳阳 Yueyang 198 汨罗市,临湘市,岳阳县,云溪区,岳阳楼区,君山区
3403 安徽 蚌埠 Bengbu 195 怀远县,固镇县,五河县,龙子湖区,淮上区,禹会区,蚌山区
3404 安徽 淮南 Huainan 192 凤台县,寿县,谢家集区,潘集区,大通区,田家庵区
3418 安徽 宣城 Xuancheng 191 广德市,宁国市,绩溪县,宣州区
4110 河南 许昌 Xuchang 191 禹州市,长葛市,鄢陵县,魏都区,建安区
4116 河南 周口 Zhoukou 190 项城市,郸城县,西华县,淮阳区,川汇区
3416 安徽 亳州 Bozhou 190 利辛县,涡阳县,蒙城县,谯城区
5105 四川 泸州 Luzhou 189 合江县,叙永县,泸县,江阳区,龙马潭区,纳溪区
6106 陕西 延安 Yanan 188 子长市,黄陵县,志丹县,宝塔区,安塞区
3609 江西 宜春 Yichun 188 丰城市,高安市,樟树市,袁州区
1409 山西 忻州 Xinzhou 187 原平市,神池县,宁武县,忻府区
1308 河北 承德 Chengde 182 平泉市,滦平县,隆化县,双桥区,双滦区
3503 福建 莆田 Putian 181 仙游县,秀屿区,涵江区,城厢区,荔城区
5103 四川 自贡 Zigong 180 荣县,富顺县,自流井区,贡井区,大安区,沿滩区
4307 湖南 常德 Changde 177 津市市,安乡县,石门县,鼎城区,武陵区
4209 湖北 孝感 Xiaogan 176 安陆市,汉川市,应城市,孝南区
3311 浙江 丽水 Lishui 169 龙泉市,松阳县,遂昌县,莲都区
1504 内蒙古 赤峰 Chifeng 168 林西县,宁城县,松山区,红山区,元宝山区
4102 河南 开封 Kaifeng 168 杞县,通许县,尉氏县,鼓楼区,龙亭区,祥符区,禹王台区
1411 山西 吕梁 Lvliang 165 孝义市,汾阳市,文水县,离石区
2107 辽宁 锦州 Jinzhou 162 北镇市,凌海市,黑山县,凌河区,太和区,古塔区
2306 黑龙江 大庆 Daqing 160 林甸县,肇州县,肇源县,萨尔图区,龙凤区,红岗区,大同区
3207 江苏 连云港 Lianyungang 158 东海县,灌云县,灌南县,连云区,赣榆区,海州区
"""
# weight · 字号 of two characters that are common in the real register: about a fifth of all
_COMMON_BRANDS = """\
30 北方
29 阳光
24 长城
22 诚信 宏达
21 南方 长江
20 中天 通达
19 现代 顺达
18 大地
17 金龙 蓝天
16 兴达
15 天地 正大 天成 华泰
14 华兴 中兴 金海 华东
13 华宇 远东 恒通 环宇 万达 汇丰 时代 鑫源
12 四方 华盛 华通 恒泰 恒达 中联 金源 华夏 三和 银河 恒信 金利 天马
11 华源 华美 大众 正泰 大华 恒丰 环球 经纬 光大 中南 金桥 方圆 兴华 金鑫 万通 远大
10 天宇 恒源 华信 金泰 东升 金马 中信 东南 天龙 华鑫 中科 四通 华丰
9 宏远 信达 华联 江东 永盛 安泰 海天 三星 创新 黄河 宏泰 天一 天源
8 伟业 华瑞 盛世 瑞丰 盛达 腾达 中大 鑫达 太阳 中远 宏大 金鼎 天力 华强 宏源 三联 龙腾 开元 振华 国泰 华星 恒基 东华 广源 大洋 双龙 华中 三江 金达 昌盛 光华
7 金石 鹏程 顺通 天和 五洲 恒昌 精工 华达 金丰 东盛 中油 海洋 飞龙 华润 康达 利达 天天 新科 宏业 大明 新宇 新亚 腾飞 广厦 汇通 三友 明珠 华新 晨光 卓越 恒利 万隆 建业 天利
6 宏宇 华光 金星 华隆 科达 恒力 新力 大成 天正 飞达 曙光 金城 天华 合力 先锋 精诚 金盛 旭日 星光 神龙 金宇 中海 恒兴 鑫盛 兴盛 凯达 华能 三维 华威 华南 南洋 宏盛 天润 大唐 运通 吉祥
6 亚太 金辉 四海 五星 丰源 中建 渤海 杏林 东大 华厦 绿洲 利民 恒生 恒盛 天宝 汇源 宏发
5 九洲 鼎盛 博大 华侨 中亚 宏基 金鹏 威尔 民生 三鑫 永利 日月 华阳 纵横 广通 鑫海 中盛 通力 鑫泰 山水 丰华 三利 宝利 航天 腾龙 顺发 恒瑞 万利 黎明 天顺 华洋 利源 恒安 恒大 金鹰 红星
5 天安 富华 凯利 巨龙 华昌 康泰 鸿运 金汇 金瑞 新海 九鼎 恒鑫 同创 瑞达 德力 海德 华诚 华天 富达 万方 天诚 东亚 嘉华 盛华 中瑞 祥和 协力 大亚 永恒 科力 富士 众鑫 远洋 兴发 恒业 新光
5 海达 佳信 金盾 东泰 西南 中房 金色 东北 兴旺 宏昌 金田 友邦 金地 万盛 华林 开源 龙源 胜利 兴源 绿源 永信 中泰 锦绣 万顺 万佳 扬子 格林 珠江 裕丰 华业
4 三环 宏利 格瑞 宏兴 华海 正源 科信 兄弟 新新 永发 亚泰 兴泰 天兴 华荣 华茂 明达 鑫隆 金茂 鑫龙 中铁 正兴 荣达 精益 信诚 恒远 科瑞 鸿泰 华德 瑞德 安信 永达 三丰 辽河 大鹏 和兴 彩虹
4 天虹 汇鑫 华建 海通 长虹 绿色 辉煌 润丰 华电 福瑞 华力 荣盛 亨通 翔宇 昆仑 鸿达 锦华 天丰 路通 新联 恒宇 金信 金通 华成 中意 万兴 宏图 八达 万丰 五环 强力 保安 商业 同兴 金叶 泰丰
4 华峰 东信 国华 华艺 天泰 龙马 海纳 新达 亿达 玉龙 华康 佳美 同力 友联 盛源 昌达 星海 未来 通源 利丰 联华 富利 恒星 富丽 信德 凯旋 福达 四季 荣华 瑞祥 恒顺 四维 日新 石化 中达 大正
4 大力 亨达 大宇 康利 中宇 立信 正达 隆盛 鸿源 金港 普天 海外 金诚 博达 金都 明星 红日 鑫鑫 金宝 鸿基 康辉 日升 天盛 利华
3 鑫利 西部 嘉利 天工 青年 天翔 宏丰 博瑞 东联 国信 中环 强盛 华科 百货 方舟 宏鑫 丰达 泰达 万家 京华 富强 华宝 华祥 金恒 大禹 协和 百利 今日 春秋 长青 人和 迅达 华丽 新盛 龙达 万和
3 欧亚 新奥 隆达 理想 华日 华利 鑫汇 德利 金科 中恒 金正 恒发 隆泰 银丰 华明 黄海 天瑞 科创 九天 顺兴 万鑫 鑫华 八方 大昌 永生 新艺 康华 中新 新元 奥特 华顺 好运 交运 新创 三力 华益
3 建发 永佳 百年 联创 光辉 嘉和 正信 信和 天合 新鑫 伟达 力源 力达 天达 海润 金福 海龙 嘉诚 正和 万宝 耀华 星河 金成 华商 金陵 联兴 飞翔 文化 清华 联众 同方 天信 益民 华伟 供销 泰华
3 超越 永通 众力 全顺 盛泰 万泰 希望 红光 金谷 幸福 美达 太行 金穗 隆鑫
"""
_COMMON_SHARE = 0.18
# weight · first and second characters of 字号
_FIRST = """\
110 华
102 金
74 天
70 中
54 新
46 恒
41 大
39 宏鑫
38 东
37 三
35 海
31 万
25 兴
24 永
21 科佳瑞富
20 正长康
19 嘉
18 博国德鸿广龙
17 盛
16 汇明凯福宝
15 百安顺美南通
14 银双
13 利泰建联
12 信亚绿
11 北创远丰同诚吉众星荣
10 飞奥红高西锦蓝宇
9 昌亿润精
8 威伟和圣四环益方惠力日光隆鼎立
7 九振祥五云雅欣鹏一世
6 腾爱江文成春裕森智神捷巨开合山达源弘民阳汉普聚英友旭赛
5 欧维京超全志浩豪青
4 港元卓名千胜好冠玉申晨杰苏乐艺久林太易强思怡景时丽亨协航君深兰翔松常迪格兆先路铁川运艾经
3 小奇洪黄骏茂保昊上清秦健澳启风盈泽特粤家贝铭庆伊
2 现旺晋石斯仁群湘闽宁慧电优雄盟晶升多商融紫豫良水辉生俊虹乾邦燕鲁八彩农展实喜意锐今集朗晟柏凌齐得耀拓扬雪地城迅坤禾白人武哈阿平宜唐侨香麦希钢老诺泉昆莱忠洁加田雷泓王尚桂碧古台工珠沃真花军悦辽灵辰重外前贵奔交津佰冀楚业蜀罗迈畅丹浙梦峰连驰帝瀚发义依皖
1 陆锡沈致政物恩皇二越沪公蒙黎六财自有机卫泛顶卡快基舒可雨波网冰勤索七仙毅梅洋黑誉凤鹭杏劲渤朝耐穗跃曙杭夏至理火
"""
_SECOND = """\
82 达
49 华源
43 泰
42 通
39 盛
37 丰
35 兴龙
34 利
33 信鑫
30 力
29 宇
26 天
25 大海
23 德
22 发瑞
21 光星业联成
20 和
19 诚
18 隆
17 美新方顺安
16 林
15 峰特科城东
14 江佳威宝洋辉
13 润明祥昌恒
12 邦尔远亚康
11 阳博翔运宏创
10 生立元福友益地强能马南建升鹏河
9 艺
8 正汇荣森乐飞中洲迪山日杰腾基富维普都田
7 航园鼎之鸿胜合茂欣金丽泉嘉泽桥
6 一众凯得豪港家氏捷旺工代斯电云川景高雅
5 诺环意程伟裕世虹风格
4 石亿北晟辰惠思克驰文厦奇士越禾奥鹰民西吉扬人苑来水冠彩智盈平化锋兰实宁路花英
3 圣太庆农青商洁讯坤银志晖进铁广帆仁晨健子春莱图浩锐
2 易悦叶时国拓湖钢王圆旭昊波原仕铭月纳机行球视色伦松亨房怡恩耀百珠展贸灵锦菱夏缘久道良年迅岛开典野纬盟弘涛骏然舟品玉永木超盾蓝谷侨绿望晶万韵贝跃油谊里事慧心香红保唐全磊誉门神融象冶外雄点亮燕动帝赛煌轮长声孚群可好申居岳义三凌汉聚硕尼清多尚玛迈鸣同加朗岭口浪柏
1 秋网澳雨浦域轩禹派牛潮霖产陆标旗鹤陵湾仪雷凡耐想上深爱为本九麟卫名火狮卓溪济京毅君琪雁府旅财拉芳馨
"""
_HOMOPHONES = """\
华花化 金锦进晋今津劲 天田 达大 中众重忠 鑫新信欣心馨 兴星行 恒亨衡横 盛生升圣胜声 通同 泰太台 源远元园苑原圆缘 龙隆 东动 宏鸿红弘虹洪泓 丰峰风锋凤枫 利力立丽里黎理 瑞锐 德得
宇裕玉豫誉雨禹昱域育 科克可客柯 佳嘉家加 联连 万皖湾 美梅 顺舜 诚成城晟程承 宝保 博波 明名铭鸣 光广 和合河禾鹤 正政 富福孚 方房芳 汇辉惠慧晖 亚雅 威伟维纬卫为微唯 建健剑 凯开
业叶野冶 昌常畅 林霖麟 祥翔香湘象 荣融蓉 飞菲 益亿一艺意易怡伊义宜毅谊溢依仪逸 百柏白佰 银印 阳洋扬杨 北贝 友优油有 吉基机集济冀 鼎顶 运云韵 奥澳 绿旅 西喜希锡溪 普浦 尔二 捷杰洁
地迪帝 世石时氏实士视仕事狮 蓝兰 豪浩好昊 航杭 港钢 马玛 茂贸 智志之致 民闽 精景京晶经 旺王网望 四思斯 英盈鹰 泉全 洲舟 九久 电典点 青庆清 神申深沈 振真 爱艾 奇启齐琪旗祺起 工公
五武物 桥侨 晨辰 超朝潮 汉瀚 聚巨居 路鲁陆鹭 人仁 彩财才 商上尚 越悦粤月跃岳 骏君俊军 坤昆 千乾前 厦沙 良亮 盟梦蒙 莱来 苏速塑 先现仙 迅讯 灵凌菱岭陵 燕雁 小晓 秦勤 子紫自资
图土 朗浪 黄皇煌 湖虎沪 道岛 帆凡 雷磊 迈麦 伦轮 球秋 贵桂 谷古固 碧比 本奔 蜀舒 满曼
"""
_LOOKALIKES = (
    "已己巳 末未 士土 千干于 日曰 大太天犬 人入八 田由甲申 旺汪 博搏 辰晨 钢纲 铭茗 洋详祥样 晶品 泰秦 昊吴 茂贸 建健 远运 "
    "宏宠 鸿鸡 达迭 盛威 恒桓 兴举 华毕 金全 鑫淼 龙尤 东车 丰半 利和 信倍 瑞端 德徳 宇字 科料 佳住 联职 万方 美羡 安女 "
    "顺须 星皇 诚城 宝玉 明朋 光先 正王 富冨 福副 嘉喜 永水 隆降 汇江 亚业 发友 威戚 凯剀 润闰 创刨 昌冒 江汪 国围 广厂 林木 "
    "荣菜 飞气 益盆 特持 百白 银很 立位 阳阴 城域 峰锋蜂 北比 鹏鹤 辉晖 友反 元无 高商 邦那 腾滕 奥粤 强张 亿忆 欣掀 伟纬 "
    "环坏 艺芝 合台 维唯 云去 乐东 捷睫 升开 地他 杰木 锦绵 圣怪 世也 胜性 裕浴 蓝篮 航杭 港巷 力刀 源原 通诵 海每 新断 中申"
)
# weight · trades of companies
_TRADES = """\
40 科技 贸易 商贸 实业
28 房地产开发 物业管理 工贸 机械设备 化工 食品
20 电子 机械 建材 经贸 物资 电器 装饰工程 电子科技 机械制造 机电设备 建筑工程
14 科技发展 包装 广告 纺织 服饰 印刷 机电 医疗器械 金属材料 塑料制品 金属制品 文化传播 信息技术 物流 汽车配件
10 建筑安装工程 国际贸易 生物科技 园林绿化工程 环保科技 网络科技 汽车销售服务 汽车运输 国际货运代理 投资管理 管理咨询 包装材料 实业发展 家具 制衣 木业 纸业 药业 鞋业
8 精密机械 模具 五金制品 塑胶制品 汽车贸易 新材料科技 自动化设备 电气 仪器仪表 环保设备 精细化工 装饰材料 电力设备 能源科技 新能源科技 矿业 酒业 饲料 涂料 铸造
6 电线电缆 橡胶制品 轴承 阀门 印染 针织 服装 陶瓷 玻璃 水泥制品 钢结构工程 智能科技 软件 信息科技 光电科技 半导体 通信设备 通讯器材 汽车零部件 医药 农业科技 农业发展 种业 水产 米业 粮油食品
4 市政工程 消防工程 建设监理 工程咨询 建筑设计 酒店管理 餐饮管理 旅行社 物业服务 劳务 人力资源 运输 仓储 供应链管理 电子商务 文化传媒 广告装饰 汽车维修 出租汽车 典当 拍卖 担保 置业 资产管理 融资租赁
3 精密铸造 液压机械 纺织机械 包装机械 建筑材料 耐火材料 防水材料 复合材料 合金 铝业 钢管 不锈钢制品 门窗 石材 保温材料 照明电器 电源科技 电池 电机 电梯 制冷设备 空调设备 净化设备 水处理设备 检测技术 生物技术 化学 制药 医疗科技 日用品 工艺品 玩具 体育用品 文具 箱包 皮革 化妆品 饮料 茶业 养殖 园艺
"""
_FOREIGN_TRADES = {
    "电子": "Electronics", "科技": "Technology", "机械": "Machinery", "贸易": "Trading", "化工": "Chemicals",
    "精密机械": "Precision Machinery", "塑胶制品": "Plastics", "汽车零部件": "Auto Parts", "半导体": "Semiconductor",
    "包装": "Packaging", "物流": "Logistics", "医疗器械": "Medical", "自动化设备": "Automation", "光电科技": "Optoelectronics",
    "新材料科技": "Advanced Materials", "食品": "Foods", "电气": "Electric", "模具": "Mould", "涂料": "Coatings",
    "管理咨询": "Consulting", "服饰": "Garments", "五金制品": "Hardware", "玩具": "Toys", "家具": "Furniture",
}  # fmt: skip
_SYLLABLES = (
    "a阿 ai艾 an安 ba巴 bei贝 ber伯 bo博 bri布瑞 da达 de德 di迪 do多 el埃尔 fa法 fei菲 fo福 ga加 gri格里 ha哈 he赫 hol霍尔 "
    "in英 ja佳 ka卡 ke科 ki奇 kl克莱 la拉 lan兰 le乐 lei雷 li利 lo洛 lu卢 ma马 mei美 mi米 mo莫 na纳 ni尼 no诺 o欧 "
    "pa帕 pe佩 po波 ri里 ro罗 sa萨 sen森 si西 so索 ste斯特 ta塔 te特 ti蒂 to托 tri特瑞 va瓦 ve维 vi威 wa沃 xi希 ya雅 yo约 za扎 zi兹"
)
_SHOP_TRADES = (
    "五金店 建材经营部 小吃店 理发店 服装店 副食品店 百货店 机械配件厂 塑料制品厂 水果店 烟酒店 快餐店 饭店 汽车修理厂 家具厂 "
    "电器经营部 化妆品店 药店 花店 文具店 蔬菜摊 水产店 茶叶店 通讯器材店 门窗加工部 废品收购站 广告制作部 货运部 农资经营部 粮油店"
)
_COOP_TRADES = "种植 养殖 农机 蔬菜 果品 茶叶 粮食 水产 中药材 生猪 苗木 葡萄 土地股份 农机服务 食用菌"
_TOWNS = (
    "城关镇 城东街道 城西街道 城南街道 城北街道 新华街道 玉山镇 周市镇 木渎镇 横街镇 塘下镇 石桥镇 双林镇 长安镇 白沙镇 金沙镇 "
    "新桥镇 龙泉镇 凤凰镇 太平镇 安丰镇 永安镇 河口镇 沙河镇 大桥镇 马桥镇 南门街道 青山镇 清溪镇 平安镇 高桥镇 东山镇 西山镇 "
    "三江镇 五里镇 七里镇 黄土镇 红旗街道 胜利街道 解放街道 和平街道 光明街道 朝阳街道 星火镇 前进镇 兴隆镇 福山镇 古城街道 "
    "柳林镇 枫桥镇 梅村镇 桃园镇 杨庄镇 李集镇 张楼镇 王店镇 赵桥镇 刘集镇 陈家镇 周庄镇 吴桥镇 石门镇 水口镇 温泉镇 莲花镇"
)
_ROADS = (
    "人民 中山 解放 建设 新华 和平 胜利 长江 黄河 文化 工业 科技 创新 创业 振兴 迎宾 金山 银河 团结 光明 友谊 幸福 府前 站前 环城 "
    "滨河 滨江 湖滨 朝阳 东风 红旗 青年 公园 学院 大学 体育 广场 商贸 经一 经二 经三 纬一 纬二 纬三 纬四 兴业 兴工 兴隆 富民 惠民 "
    "平安 永安 长安 太湖 泰山 华山 嵩山 衡山 黄山 昆仑 天山 珠江 淮河 海河 钱江 香樟 梧桐 银杏 桂花 玉兰 龙腾 凤凰 麒麟 开发 开元 通达 "
    "顺达 港口 机场 高新 软件 信息 星湖 苏虹 金鸡湖 现代 园区 望江 临江 江南 江北 城东 城西 城南 城北 双龙 九龙 五星 三元 四明"
)
_SURNAMES = (
    "王王王王王王李李李李李李张张张张张刘刘刘刘陈陈陈陈杨杨杨黄黄赵赵吴吴周周徐徐孙孙马朱朱胡郭何高林林罗郑梁谢宋唐许韩冯邓曹彭曾肖"
    "田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴"
)
_GIVEN = (
    "伟强军勇杰涛明超刚平辉建国华文志海林玉春红丽娜敏静秀英芳燕艳娟霞桂兰梅珍晓雪飞鹏斌波宇浩东峰磊洋龙俊凯健新成良德福荣庆永生金宝"
    "祥义忠信仁才根发财旺兴达利民安康宁清云山河江川天佳嘉欣怡琳璐慧颖婷莹洁倩蕾萍凤琴云莲爱国立正学先家世宗维泽子少卫友光亮宏坤"
)
# simplified · traditional
_TRADITIONAL = (
    "华華 兴興 东東 龙龍 丰豐 联聯 万萬 亚亞 发發 远遠 业業 凯凱 润潤 创創 长長 国國 广廣 荣榮 飞飛 银銀 阳陽 鹏鵬 辉輝 腾騰 运運 奥奧 "
    "强強 亿億 绿綠 伟偉 环環 艺藝 维維 云雲 尔爾 乐樂 杰傑 锦錦 圣聖 红紅 胜勝 蓝藍 马馬 泽澤 开開 电電 虹虹 汉漢 诺諾 赛賽 达達 "
    "汇匯 顺順 诚誠 宝寶 鸿鴻 盛盛 车車 机機 械械 贸貿 实實 术術 设設 备備 装裝 饰飾 广廣 传傳 医醫 疗療 药藥 纸紙 纺紡 织織 针針 "
    "钢鋼 铁鐵 铝鋁 铸鑄 锈鏽 轴軸 阀閥 门門 窗窗 线線 缆纜 计計 询詢 务務 会會 厂廠 场場 产產 园園 区區 县縣 镇鎮 经經 济濟 "
    "开開 发發 责責 团團 总總 网網 络絡 软軟 体體 导導 气氣 动動 农農 种種 养養 饲飼 粮糧 储儲 输輸 旅旅 馆館 饮飲 饭飯 货貨 "
    "资資 财財 担擔 监監 检檢 测測 试試 险險 证證 处處 际際 陆陸 苏蘇 宁寧 连連 岛島 滨濱 沈瀋 济濟 郑鄭 汕汕 阳陽 盐鹽 温溫 "
    "无無 锡錫 镇鎮 扬揚 庆慶 湾灣 贵貴 兰蘭 乌烏 鲁魯 齐齊 营營 烟煙 潍濰 莱萊 关關 张張 刘劉 陈陳 杨楊 赵趙 吴吳 孙孫 "
    "罗羅 郑鄭 许許 韩韓 冯馮 邓鄧 蒋蔣 叶葉 吕呂 钟鐘 谭譚 贾賈 韦韋 邹鄒 邱邱 顾顧 钱錢 严嚴 鑫鑫 驰馳 骏駿 双雙 军軍 "
    "个個 湖湖 桥橋 橡橡 胶膠 塑塑 剂劑 涂塗 层層 护護 净淨 绝絕 节節 灯燈 显顯 视視 讯訊 认認 识識 图圖 书書 报報 "
    "师師 宾賓 乡鄉 里裡 蓄蓄 猪豬 鸡雞 鱼魚 米米 面麵 油油 盐鹽 茶茶 酱醬 厦廈 铺鋪 档檔 饰飾 证證 验驗 优優 质質 "
    "为為 与與 义義 众眾 义義 习習 乡鄉 买買 亲親 仓倉 价價 侨僑 俭儉 债債 冲沖 决決 减減 凤鳳 别別 劳勞 势勢 协協 单單 卫衛 "
    "历歷 压壓 县縣 参參 变變 号號 启啟 员員 响響 嘱囑 团團 坚堅 块塊 坝壩 垒壘 声聲 处處 复復 头頭 奖獎 宽寬 审審 宪憲 对對 导導 "
    "尘塵 岭嶺 帅帥 帜幟 师師 广廣 应應 张張 弹彈 归歸 录錄 彻徹 忆憶 态態 恒恆 恳懇 总總 战戰 户戶 执執 扩擴 扫掃 护護 拟擬 据據 "
    "挥揮 损損 换換 摄攝 数數 时時 晓曉 显顯 条條 来來 极極 构構 标標 栋棟 树樹 样樣 权權 欢歡 欧歐 步步 汤湯 沟溝 泪淚 洁潔 浓濃 "
    "涛濤 满滿 灵靈 炉爐 烨燁 热熱 爱愛 牵牽 独獨 献獻 玛瑪 现現 琼瓊 疆疆 监監 盖蓋 盘盤 确確 础礎 码碼 礼禮 离離 积積 稳穩 "
    "竞競 笔筆 筑築 签簽 纪紀 约約 级級 纬緯 纯純 纲綱 纳納 细細 终終 组組 结結 给給 统統 继繼 续續 绣繡 缘緣 罚罰 职職 肃肅 肠腸 脑腦 "
    "舰艦 艳艷 苍蒼 荐薦 莹瑩 营營 虑慮 虽雖 补補 衬襯 袜襪 见見 观觀 规規 览覽 触觸 订訂 让讓 议議 记記 讲講 论論 访訪 评評 诗詩 "
    "话話 详詳 语語 谊誼 谋謀 谐諧 谷穀 贝貝 贡貢 贤賢 贯貫 贺賀 赞贊 跃躍 轩軒 轮輪 轻輕 载載 较較 辅輔 边邊 过過 迁遷 进進 适適 "
    "选選 递遞 遗遺 释釋 钻鑽 钦欽 钧鈞 铂鉑 铃鈴 铜銅 铭銘 锋鋒 锐銳 键鍵 镁鎂 镜鏡 闪閃 闻聞 队隊 阶階 际際 险險 隐隱 难難 雏雛 "
    "霁霽 静靜 韵韻 页頁 项項 须須 顶頂 预預 领領 频頻 题題 颜顏 风風 飘飄 驱驅 驻駐 验驗 骄驕 鲜鮮 鹤鶴 鹰鷹 麦麥 黄黃 齿齒 专專 丽麗 沧滄 泸瀘 绵綿 赣贛 娄婁 晋晉 饶饒 购購 侧側 钰鈺 纱紗 锻鍛 侠俠 冈岡 沪滬 闽閩"
)
# the kinds of functional zones: the registered form first, then how offices write it
_ZONES = (
    ("经济技术开发区", "国家级经济技术开发区", "经济开发区", "经开区", "开发区", "经济技术开发区", "经开"),
    ("高新技术产业开发区", "国家高新技术产业开发区", "高新技术开发区", "高新开发区", "高新区", "国家级高新区", "高新"),
    ("保税区", "综合保税区", "综保区", "保税区"),
    ("工业园区", "工业园", "园区", "工业园区"),
    ("新区", "国家级新区", "新区"),
)
_NAMED_ZONES = {
    "苏州": ("工业园区", "高新技术产业开发区"), "天津": ("经济技术开发区", "滨海新区"), "上海": ("浦东新区", "外高桥保税区"),
    "大连": ("经济技术开发区", "保税区"), "宁波": ("经济技术开发区", "保税区"), "成都": ("天府新区", "高新技术产业开发区"),
    "重庆": ("两江新区", "北部新区"), "广州": ("南沙新区", "经济技术开发区"), "北京": ("经济技术开发区", "中关村科技园区"),
    "青岛": ("西海岸新区", "高新技术产业开发区"), "杭州": ("钱塘新区", "经济技术开发区"), "南京": ("江北新区", "经济技术开发区"),
}  # fmt: skip
_REGIONS = {
    "内蒙古": "内蒙古自治区",
    "广西": "广西壮族自治区",
    "西藏": "西藏自治区",
    "宁夏": "宁夏回族自治区",
    "新疆": "新疆维吾尔自治区",
}
_MUNICIPAL = frozenset(("北京", "上海", "天津", "重庆"))
_NUMERALS = "一二三四五六七八九"
_WIDE = {ord(a): ord(a) + 0xFEE0 for a in map(chr, range(33, 127))}
_SIMILAR = {c: g.replace(c, "") for g in _HOMOPHONES.split() for c in g}
_LIKE = {c: g.replace(c, "") for g in _LOOKALIKES.split() for c in g}
_TRADITIONAL_OF = {ord(p[0]): p[1] for p in _TRADITIONAL.split()}
_CODE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


# ------------------------------------------------------------------------------------------------ drawing
class _Draw:
    """Return weighted items, cheaply."""

    def __init__(self, items: Iterable[tuple[Any, float]]) -> None:
        pairs = list(items)
        self.items = [p[0] for p in pairs]
        self.edges = list(itertools.accumulate(p[1] for p in pairs))
        self.top = self.edges[-1]

    def one(self, rng: random.Random) -> Any:
        return self.items[bisect(self.edges, rng.random() * self.top)]


def _weighted(text: str, split: bool = True) -> _Draw:
    pairs: list[tuple[str, float]] = []
    for line in text.splitlines():
        weight, rest = line.split(" ", 1)
        pairs.extend((item, float(weight)) for item in (rest.split() if split else rest))
    return _Draw(pairs)


@dataclass(frozen=True)
class _City:
    code: str
    province: str
    name: str
    letters: str
    counties: tuple[str, ...]

    @property
    def municipal(self) -> bool:
        return self.name in _MUNICIPAL

    @property
    def long_province(self) -> str:
        return _REGIONS.get(self.province, self.province + ("市" if self.municipal else "省"))


def _cities() -> list[tuple[_City, float]]:
    found = []
    for line in _CITIES.splitlines():
        code, province, name, letters, weight, counties = line.split(" ")
        found.append((_City(code, province, name, letters, tuple(counties.split(","))), float(weight)))
    return found


_CITY = _Draw(_cities())
_COMMON = _weighted(_COMMON_BRANDS)
_ONE = _weighted(_FIRST, split=False)
_TWO = _weighted(_SECOND, split=False)
_TRADE = _weighted(_TRADES)
_FOREIGN = list(_FOREIGN_TRADES)
_SYLLABLE = [
    (m.group(1), m.group(2)) for m in (re.match(r"([a-z]+)(.+)", s) for s in _SYLLABLES.split()) if m is not None
]
_SHOPS = _SHOP_TRADES.split()
_COOPS = _COOP_TRADES.split()
_TOWN = _TOWNS.split()
_ROAD = _ROADS.split()
_RECORDS = _Draw(RECORDS_PER_FIRM.items())
_OFFICE = _Draw((name, values[0]) for name, values in OFFICES.items())
_FAMILIES = frozenset(FAMILY_SIZES)
_FIRM = _Draw((k, w / (sum(FAMILY_SIZES[k]) / 2 if k in FAMILY_SIZES else 1)) for k, w in FIRM_KINDS.items())
_KIND = _Draw((k, w[0]) for k, w in RECORD_KINDS.items())
_ZONE_KIND = _Draw((k, RECORD_KINDS[k][0]) for k in ("zone_form", "zone_missing", "zone_added"))
_FORM = _Draw([("有限公司", 78), ("有限责任公司", 13), ("股份有限公司", 3), ("厂", 4), ("公司", 2)])
_LEVEL = _Draw([("city", 62), ("county", 19), ("province", 10), ("province_city", 5), ("none", 4)])
_ORDER = _Draw([("front", 86), ("behind", 9), ("middle", 5)])
_LEGAL = _Draw([("person", 1), ("phone", 1), ("address", 1)])


def _person(rng: random.Random) -> str:
    given = rng.choice(_GIVEN)
    return rng.choice(_SURNAMES) + given + (rng.choice(_GIVEN) if rng.random() < 0.72 else "")


def _brand(rng: random.Random) -> str:
    dice = rng.random()
    if dice < _COMMON_SHARE:
        return str(_COMMON.one(rng))
    first = _ONE.one(rng)
    second = _TWO.one(rng)
    if first == second and rng.random() < 0.9:
        second = _TWO.one(rng)
    if dice < 0.80:
        return str(first + second)
    if dice < 0.97:
        return str(first + second + _TWO.one(rng))
    return "".join(s[1] for s in rng.sample(_SYLLABLE, 3))[:4]


def _phone(rng: random.Random, city: _City) -> str:
    if rng.random() < 0.45:
        area = "0" + str(210 + int(city.code) * 7 % 780)
        return f"{area}-{rng.randint(2, 8)}{rng.randint(0, 9_999_999):07d}"
    return f"1{rng.choice(('3', '5', '8', '7', '9'))}{rng.randint(0, 999_999_999):09d}"


@dataclass(slots=True)
class _Firm:
    number: int
    kind: str
    city: _City  # of the name
    seat: _City  # of the address: another one for some branches
    county: str
    town: str
    level: str
    order: str
    zone: tuple[str, ...] | None
    zone_in_name: bool
    brand: str
    trade: str
    form: str
    suffix: str
    latin: str
    person: str
    phone: str
    road: str
    shared: frozenset[str]
    records: int
    former: tuple[str, str] | None = None
    known: bool = False  # every record shows the legal person and one more: another firm's name is one slip away
    own: tuple[str, ...] = field(default=())

    def key(self) -> tuple[str, str, str]:
        return self.city.name, self.brand, self.trade + self.suffix


class _Town:
    """Everything that is registered so far."""

    def __init__(self, rng: random.Random, rows: int) -> None:
        self.rng = rng
        self.used: set[tuple[str, str, str]] = set()
        self.firms: list[_Firm] = []
        self.records = 0
        self.rows = rows
        self.agents: dict[str, list[str]] = {}
        self.buildings: dict[str, list[str]] = {}

    def _pool(self, pools: dict[str, list[str]], where: str, city: _City, size: int, phone: bool) -> str:
        """Return an entry that about `size` firms share; the pool of a place opens a new one when the last is full."""
        pool = pools.setdefault(where, [])
        if len(pool) % size == 0:
            pool.append(_phone(self.rng, city) if phone else self._road(city, self.rng.choice(city.counties)))
        else:
            pool.append(pool[-1])
        return pool[-1]

    def _road(self, city: _City, county: str) -> str:
        rng = self.rng
        road = rng.choice(_ROAD) + ("路" if rng.random() < 0.8 else rng.choice(("大道", "街", "东路", "西路", "北路")))
        return f"{county}{road}{rng.randint(1, 999)}号"

    def add(self, kind: str, **given: Any) -> _Firm | None:
        """Return a new firm, or none where its name is taken in its city."""
        rng = self.rng
        city: _City = given.get("city") or _CITY.one(rng)
        seat: _City = given.get("seat") or city
        county = given.get("county") or rng.choice(seat.counties)
        level = given.get("level") or _LEVEL.one(rng)
        if level == "province" and city.municipal:
            level = "city"
        trade = given["trade"] if "trade" in given else _TRADE.one(rng)
        suffix = given.get("suffix", "")
        for _ in range(12):
            brand = given.get("brand") or _brand(rng)
            place = county if kind in ("individual", "cooperative") else city.name
            key = (place, brand, trade + suffix)
            if key not in self.used:
                break
            if "brand" in given:
                return None
        else:
            return None
        self.used.add(key)
        zone, zone_in_name = None, False
        if kind in ("company", "foreign", "namesake", "lookalike") and level in ("city", "province_city"):
            dice = rng.random()
            if dice < ZONE_IN_NAME + ZONE_IN_ADDRESS:
                named = _NAMED_ZONES.get(city.name)
                zone = rng.choice(_ZONES[:2] if rng.random() < 0.6 else _ZONES)
                if named and rng.random() < 0.7:
                    official = rng.choice(named)
                    zone = next((z for z in _ZONES if z[0] == official), (official, "国家级" + official, official))
                zone_in_name = dice < ZONE_IN_NAME
        shared = set(given.get("shared", ()))
        phone = given.get("phone") or _phone(rng, seat)
        road = given.get("road") or self._road(seat, county)
        if kind not in _FAMILIES and kind != "lookalike":
            if rng.random() < AGENT_PHONE:
                phone = self._pool(self.agents, city.province, city, 30, True)
                shared.add("phone")
            if rng.random() < BUILDING:
                road = self._pool(self.buildings, city.name, city, 20, False)
                shared.add("address")
        if "address" not in shared or rng.random() < 0.5:
            road += rng.choice(
                ("", "", f"{rng.randint(1, 30)}幢", f"{rng.randint(101, 2999)}室", f"{rng.randint(1, 9)}楼")
            )
        firm = _Firm(
            number=len(self.firms), kind=kind, city=city, seat=seat, county=county, town=rng.choice(_TOWN), level=level,
            order=given.get("order") or ("front" if zone_in_name else _ORDER.one(rng)), zone=zone,
            zone_in_name=zone_in_name, brand=brand, trade=trade, form=given["form"] if "form" in given else _FORM.one(rng),
            suffix=suffix, latin=given.get("latin", ""), person=given.get("person") or _person(rng), phone=phone,
            road=road, shared=frozenset(shared), records=min(_RECORDS.one(rng), self.rows - self.records),
        )  # fmt: skip
        firm.own = tuple(a for a in ("person", "phone", "address") if a not in shared)
        if firm.form == "厂" and firm.trade in ("科技", "贸易", "商贸", "实业", "房地产开发", "物业管理", "经贸"):
            firm.form = "有限公司"
        if firm.level not in ("city", "province"):
            firm.order = "front"
        self.records += firm.records
        self.firms.append(firm)
        if firm.records > 1 and len(firm.own) == 3 and kind in ("company", "foreign") and rng.random() < RENAMED:
            old = (_brand(rng), trade) if rng.random() < 0.6 else (brand, str(_TRADE.one(rng)))
            if kind == "foreign":
                old = (_brand(rng), trade)
            if (city.name, *old) not in self.used:
                self.used.add((city.name, *old))
                firm.former = old
        return firm

    def fill(self) -> None:
        while self.records < self.rows:
            getattr(self, "_" + _FIRM.one(self.rng))()

    def _company(self) -> None:
        self.add("company")

    def _individual(self) -> None:
        rng = self.rng
        person = _person(rng)
        brand = person[0] + "记" if rng.random() < 0.12 else person[1:] if rng.random() < 0.3 else _brand(rng)
        if len(brand) < 2:
            brand = person[0] + brand
        self.add(
            "individual", person=person, brand=brand, trade=rng.choice(_SHOPS), form="", level="town", order="front"
        )

    def _cooperative(self) -> None:
        form = self.rng.choice(("专业合作社", "农民专业合作社"))
        self.add("cooperative", trade=self.rng.choice(_COOPS), form=form, level="county", order="front")

    def _foreign(self) -> None:
        rng = self.rng
        parts = rng.sample(_SYLLABLE, 2 if rng.random() < 0.6 else 3)
        latin = "".join(p[0] for p in parts).capitalize()
        brand = "".join(p[1] for p in parts)
        if rng.random() < 0.3:
            brand = latin = "".join(rng.choice("ABCDEFGHIKLMNOPRSTVW") for _ in range(rng.choice((3, 3, 4))))
        order = rng.choice(("behind", "behind", "middle", "front"))
        level = "city" if rng.random() < 0.9 else "province"
        self.add(
            "foreign", brand=brand, latin=latin, trade=rng.choice(_FOREIGN), form="有限公司", order=order, level=level
        )

    def _partnership(self) -> None:
        trade = self.rng.choice(("投资", "股权投资", "创业投资", "企业管理", "企业管理咨询", "投资管理"))
        self.add("partnership", trade=trade, form="合伙企业(有限合伙)", level="city")

    def _model(self) -> _Firm | None:
        for _ in range(8 if self.firms else 0):
            firm = self.firms[int(self.rng.random() * len(self.firms))]
            if firm.kind == "company" and len(firm.own) == 3:
                return firm
        return None

    def _namesake(self) -> None:
        model = self._model()
        if model is not None:
            city = _CITY.one(self.rng)
            if city.name != model.city.name:
                self.add("namesake", city=city, brand=model.brand, trade=model.trade, form=model.form, level="city")

    def _lookalike(self) -> None:
        model = self._model()
        if model is not None:
            brand = model.brand
            for _ in range(6):
                if brand == model.brand:
                    brand = _typo(self.rng, brand, self.rng.choice(("typo_homophone", "typo_lookalike", "other")))
            level = model.level if model.level in ("city", "county") else "city"
            if brand != model.brand:
                firm = self.add("lookalike", city=model.city, county=model.county, brand=brand, trade=model.trade, form=model.form, level=level)  # fmt: skip
                if firm is not None:
                    firm.known = model.known = True

    def _relatives(self, head: _Firm, person: float, phone: float, address: float) -> tuple[dict[str, Any], set[str]]:
        """Return what a relative takes over from the head of its family. A firm's own evidence never includes it."""
        rng = self.rng
        taken: dict[str, Any] = {}
        shared: set[str] = set()
        for name, chance, value in (("person", person, head.person), ("phone", phone, head.phone), ("address", address, head.road)):  # fmt: skip
            if rng.random() < chance:
                taken["road" if name == "address" else name] = value
                shared.add(name)
        return taken, shared

    def _family(
        self, kind: str, members: Iterator[dict[str, Any]], person: float, phone: float, address: float
    ) -> None:
        head: _Firm | None = None
        for given in itertools.islice(members, self.rng.randint(*FAMILY_SIZES[kind])):
            if self.records >= self.rows:
                return
            if head is None:
                head = self.add(kind, **given)
                if head is None:
                    return
                continue
            same_city = given.get("seat", given["city"]) is head.city
            taken, shared = self._relatives(head, person, phone, address if same_city else 0.0)
            firm = self.add(kind, **{**given, **taken}, shared=shared)
            if firm is not None and shared:
                head.shared = head.shared | shared
                head.own = tuple(a for a in head.own if a not in shared)

    def _city_sibling(self) -> None:
        brand, trade, form = _brand(self.rng), _TRADE.one(self.rng), _FORM.one(self.rng)
        order = _ORDER.one(self.rng)
        cities = iter(lambda: _CITY.one(self.rng), None)
        members = (
            {"city": c, "brand": brand, "trade": trade, "form": form, "order": order, "level": "city"} for c in cities
        )
        self._family("city_sibling", members, 0.3, 0.15, 0.0)

    def _trade_sibling(self) -> None:
        city, brand, form = _CITY.one(self.rng), _brand(self.rng), _FORM.one(self.rng)
        trades = iter(lambda: _TRADE.one(self.rng), None)
        members = (
            {"city": city, "brand": brand, "trade": t, "form": form, "order": "front", "level": "city"} for t in trades
        )
        self._family("trade_sibling", members, 0.5, 0.25, 0.4)

    def _numbered(self) -> None:
        rng = self.rng
        city, county = _CITY.one(rng), None
        county = rng.choice(city.counties)
        level = rng.choice(("city", "county"))
        form = rng.choice(("有限公司", "公司", "有限责任公司"))
        if rng.random() < 0.5:
            trade = rng.choice(
                ("建筑工程", "建筑安装工程", "汽车运输", "房地产开发", "市政工程", "粮油贸易", "商业", "百货", "机械")
            )
            numbers = ({"brand": f"第{n}", "trade": trade} for n in _NUMERALS)
        else:
            brand, trade = _brand(rng), _TRADE.one(rng)
            numbers = ({"brand": brand, "trade": f"第{n}{trade}"} for n in _NUMERALS)
        members = (
            {**n, "city": city, "county": county, "level": level, "form": form, "order": "front"} for n in numbers
        )
        self._family("numbered", members, 0.1, 0.1, 0.1)

    def _group(self) -> None:
        rng = self.rng
        city, brand = _CITY.one(rng), _brand(rng)
        parent = {"city": city, "brand": brand, "trade": "集团", "form": rng.choice(("有限公司", "股份有限公司")), "order": "front", "level": rng.choice(("city", "province"))}  # fmt: skip
        inside = rng.random() < 0.4

        def members() -> Iterator[dict[str, Any]]:
            yield parent
            while True:
                where = city if rng.random() < 0.65 else _CITY.one(rng)
                trade = _TRADE.one(rng)
                yield {
                    "city": where, "brand": brand, "trade": "集团" + trade if inside else trade,
                    "form": "有限公司", "order": "front", "level": "city",
                }  # fmt: skip

        self._family("group", members(), 0.4, 0.2, 0.4)

    def _branch(self) -> None:
        rng = self.rng
        city, brand, trade = _CITY.one(rng), _brand(rng), _TRADE.one(rng)
        base = {"brand": brand, "trade": trade, "form": "有限公司", "order": "front", "level": "city", "city": city}
        plant = rng.random() < 0.4

        def members() -> Iterator[dict[str, Any]]:
            yield base
            for number in _NUMERALS:
                if plant:
                    yield {
                        **base,
                        "suffix": rng.choice(
                            (f"第{number}分厂", f"{rng.choice(city.counties)[:-1]}分厂", f"第{number}分公司")
                        ),
                    }
                else:
                    other = _CITY.one(rng)
                    home = rng.random() < 0.5
                    where = rng.choice(city.counties)[:-1] if home else other.name
                    yield {
                        **base,
                        "suffix": where + rng.choice(("分公司", "分公司", "营业部")),
                        "seat": city if home else other,
                    }

        self._family("branch", members(), 0.35, 0.25, 0.25)


# ------------------------------------------------------------------------------------------------ names
def _typo(rng: random.Random, text: str, kind: str) -> str:
    """Return the text with one slip of the kind; unchanged where none is possible."""
    places = list(range(len(text)))
    if kind in ("typo_homophone", "typo_lookalike"):
        table = _SIMILAR if kind == "typo_homophone" else _LIKE
        places = [i for i in places if text[i] in table]
        if not places:
            return text
        at = rng.choice(places)
        return text[:at] + rng.choice(table[text[at]]) + text[at + 1 :]
    at = rng.choice(places)
    if kind == "other":
        return text[:at] + str(_TWO.one(rng)) + text[at + 1 :]
    if kind == "typo_missing":
        return text[:at] + text[at + 1 :] if len(text) > 2 else text
    if kind == "typo_doubled":
        return text[: at + 1] + text[at:]
    if len(text) < 2:
        return text
    at = min(at, len(text) - 2)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


@dataclass(slots=True)
class _Name:
    """The parts of a name as one record writes them."""

    place: str
    zone: str
    brand: str
    trade: str
    form: str
    suffix: str
    order: str
    brackets: str = "()"

    def text(self) -> str:
        front = self.place + self.zone
        tail = self.form
        if self.order == "front" or not front:
            return f"{front}{self.brand}{self.trade}{tail}{self.suffix}"
        inside = f"{self.brackets[0]}{front}{self.brackets[1]}"
        if self.order == "behind":
            return f"{self.brand}{self.trade}{inside}{tail}{self.suffix}"
        return f"{self.brand}{inside}{self.trade}{tail}{self.suffix}"


def _long_county(firm: _Firm) -> str:
    """Return a county as a name needs it: districts with their city, for many cities have a 中山区."""
    county = firm.county
    if firm.city.municipal or county.endswith("区"):
        return f"{firm.city.name}市{county}"
    return county


def _registered(firm: _Firm) -> _Name:
    """Return the parts of the name as registered."""
    city = firm.city
    choice = firm.number % 2  # half with 市, but always the same for one firm
    place = city.name + ("市" if choice and firm.order == "front" else "")
    if firm.level == "county":
        place = _long_county(firm)
        if choice and place == firm.county and len(place) > 2 and firm.order == "front" and firm.kind != "cooperative":
            place = place[:-1]
    elif firm.level == "town":
        place = _long_county(firm) + firm.town
    elif firm.level == "province":
        place = city.long_province if choice and firm.order == "front" else city.province
    elif firm.level == "province_city":
        place = place if city.municipal else city.province + place
    elif firm.level == "none":
        place = ""
    zone = firm.zone[0] if firm.zone is not None and firm.zone_in_name else ""
    if zone:
        place = place if len(zone) > 3 and firm.level == "city" else city.name
    return _Name(place, zone, firm.brand, firm.trade, firm.form, firm.suffix, firm.order)


class _Counts:
    """How many firms a part of a name could mean."""

    def __init__(self, firms: list[_Firm]) -> None:
        self.by_city = Counter((f.city.name, f.brand, f.trade[:2]) for f in firms)
        self.by_brand = Counter((f.city.name, f.brand) for f in firms)
        self.anywhere = Counter((f.brand, f.trade[:2]) for f in firms)
        self.by_province = Counter((f.city.province, f.brand, f.trade[:2]) for f in firms)
        self.brand_anywhere = Counter(f.brand for f in firms)
        for f in firms:
            if f.former is not None:
                old_brand, old_trade = f.former
                self.by_city[f.city.name, old_brand, old_trade[:2]] += 1
                self.by_brand[f.city.name, old_brand] += 1
                self.anywhere[old_brand, old_trade[:2]] += 1
                self.by_province[f.city.province, old_brand, old_trade[:2]] += 1
                self.brand_anywhere[old_brand] += 1

    def settle(self, firms: list[_Firm]) -> None:
        """Names that cover a province or the country are given to one firm only, as the register does."""
        for f in firms:
            national = f.level == "none" and self.anywhere[f.brand, f.trade[:2]] > 1
            provincial = f.level == "province" and self.by_province[f.city.province, f.brand, f.trade[:2]] > 1
            if national or provincial:
                f.level = "city"


_EQUAL_FORMS = {
    "有限公司": "有限责任公司", "有限责任公司": "有限公司", "股份有限公司": "股份公司", "专业合作社": "农民专业合作社",
    "农民专业合作社": "专业合作社", "合伙企业(有限合伙)": "合伙企业（有限合伙）",
}  # fmt: skip
_CONVERTED = {"有限公司": ("股份有限公司", "公司"), "有限责任公司": ("股份有限公司", "公司"), "股份有限公司": ("有限公司",), "公司": ("有限公司", "有限责任公司"), "农民专业合作社": ("合作社",), "专业合作社": ("合作社",), "合伙企业(有限合伙)": ("合伙企业", "(有限合伙)")}  # fmt: skip


def _formatted(rng: random.Random, text: str) -> str:
    """Return the name in another typography."""
    dice = rng.random()
    if "第" in text and dice < 0.3:
        return re.sub(f"第([{_NUMERALS}])", lambda m: f"第{_NUMERALS.index(m.group(1)) + 1}", text)
    if re.search("[(A-Za-z]", text) and dice < 0.75:
        if dice < 0.5:
            return text.translate(_WIDE)
        return text.replace("(", "（").replace(")", "）") if "(" in text else text.lower()
    if dice < 0.45:
        ends = [
            m.start()
            for m in re.finditer("(?<=[市省县区])|(?=[(]|有限|股份|专业|合伙)", text)
            if 0 < m.start() < len(text)
        ]
        at = rng.choice(ends) if ends and rng.random() < 0.7 else rng.randint(1, len(text) - 1)
        return f"{text[:at]}{rng.choice((' ', ' ', chr(0x3000)))}{text[at:]}"
    if dice < 0.75:
        return rng.choice((" " + text, text + " ", text + "\u3000"))
    if "(" in text:
        return text.replace("(", " (").replace(")", ") ")
    return "".join(c + " " for c in text).strip() if dice < 0.8 else text + rng.choice((".", "。", "*"))


class _Writer:
    """Writes the records of one firm after the other."""

    def __init__(self, rng: random.Random, counts: _Counts) -> None:
        self.rng = rng
        self.counts = counts

    def spoken(self, firm: _Firm, kind: str, city_known: bool) -> tuple[str, int] | None:
        """Return the name in the manner of the kind and how many own attributes it needs; none where it does not suit."""
        rng, city, counts = self.rng, firm.city, self.counts
        parts = _registered(firm)
        family = firm.kind in _FAMILIES
        unique = counts.by_city[city.name, firm.brand, firm.trade[:2]] == 1
        company = firm.kind not in ("individual", "cooperative", "partnership")
        asked = RECORD_KINDS[kind][1]
        need = (0 if unique else 2) if isinstance(asked, str) else asked
        if kind == "plain":
            return parts.text(), 0
        if kind == "format":
            return _formatted(rng, parts.text()), 0
        if kind == "traditional":
            text = parts.text()
            other = text.translate(_TRADITIONAL_OF)
            return (other, 0) if other != text else None
        if kind == "form_equal":
            if firm.form not in _EQUAL_FORMS or firm.suffix:
                return None
            parts.form = _EQUAL_FORMS[firm.form]
            if firm.trade == "集团" and rng.random() < 0.5:
                parts.form, parts.trade = firm.form, "(集团)"
            return parts.text(), 0
        if kind == "form_converted":
            if firm.form not in _CONVERTED or firm.suffix:
                return None
            parts.form = rng.choice(_CONVERTED[firm.form])
            return parts.text(), need
        if kind == "formless":
            if not company or firm.suffix or firm.form == "厂" or (family and not unique):
                return None
            parts.form = ""
            return parts.text(), need if parts.place else 2
        if kind == "place_suffix":
            if not parts.place or parts.order != "front" or firm.level in ("town", "none"):
                return None
            place = parts.place
            if place.endswith(("市", "省")):
                parts.place = place[:-1]
            elif firm.level in ("city", "province_city"):
                parts.place = place + "市"
            elif firm.level == "province":
                parts.place = city.long_province
            return (parts.text(), 0) if parts.place != place else None
        if kind == "place_order":
            if not company or not parts.place or firm.level not in ("city", "province") or parts.zone or firm.suffix:
                return None
            parts.place = city.name if firm.level == "city" else city.province
            parts.order = rng.choice([o for o in ("front", "behind", "middle") if o != parts.order])
            if parts.order == "middle" and not parts.trade:
                return None
            return parts.text(), 0
        if kind == "place_wider":
            if city.municipal or parts.order != "front" or firm.level in ("province", "none", "province_city"):
                return None
            parts.place = (city.long_province if rng.random() < 0.6 else city.province) + parts.place
            return parts.text(), 0
        if kind == "county_changed":
            if not company or family or parts.zone or firm.level not in ("city", "county") or parts.order != "front":
                return None
            parts.place = (city.name + rng.choice(("", "市"))) if firm.level == "county" else _long_county(firm)
            return parts.text(), need
        if kind == "place_missing":
            if not parts.place or firm.suffix or firm.kind in ("individual", "cooperative", "numbered"):
                return None
            if firm.kind in ("city_sibling", "group") and not city_known:
                return None
            parts.place = ""
            if firm.zone_in_name:
                parts.zone = ""
            return parts.text(), 1 if city_known and unique else 2
        if kind in ("zone_form", "zone_missing", "zone_added"):
            if firm.zone is None or firm.zone_in_name == (kind == "zone_added"):
                return None
            if kind == "zone_missing":
                parts.zone = ""
            elif kind == "zone_added" or rng.random() < 0.9:
                parts.zone = rng.choice(firm.zone[1:]) if kind == "zone_form" else rng.choice(firm.zone)
                parts.order = "front"
            return parts.text(), need
        if kind.startswith("typo_"):
            return self._slip(firm, parts, kind, need)
        if kind in ("brand_trade", "place_brand", "brand", "trade_short"):
            if family or not company or len(firm.brand) < 2 or (kind == "brand" and firm.latin):
                return None
            parts.form = ""
            if kind == "trade_short":
                if len(firm.trade) < 4:
                    return None
                parts.trade = firm.trade[:2]
                return parts.text(), need
            parts.zone = ""
            if kind == "place_brand":
                if not parts.place:
                    return None
                parts.trade, parts.order = "", "front"
                return parts.text(), 1 if counts.by_brand[city.name, firm.brand] == 1 else 2
            parts.place = ""
            if kind == "brand":
                parts.trade = ""
            return parts.text(), 1 if kind == "brand_trade" and city_known and unique else 2
        if kind == "foreign_language":
            if not firm.latin:
                return None
            text = f"{firm.latin} {_FOREIGN_TRADES[firm.trade]} ({city.letters}) Co., Ltd."
            style = rng.random()
            if style < 0.35:
                text = text.upper().replace("CO., LTD.", "CO.,LTD")
            elif style < 0.5:
                text = f"{city.letters} {firm.latin} {_FOREIGN_TRADES[firm.trade]} Co. Ltd"
            return text, need
        if kind == "foreign_mixed":
            if not firm.latin or firm.latin == firm.brand:
                return None
            parts.brand = rng.choice((firm.latin.upper() + firm.brand, f"{firm.brand}({firm.latin})", firm.latin))
            return parts.text(), 2 if parts.brand == firm.latin else need
        if kind in ("owner", "owner_added"):
            if firm.kind != "individual":
                return None
            if kind == "owner":
                return rng.choice((firm.person, f"个体户{firm.person}", f"{firm.person}(个体工商户)")), need
            return f"{parts.text()}({firm.person})", 0
        raise ValueError(kind)

    def _slip(self, firm: _Firm, parts: _Name, kind: str, need: int) -> tuple[str, int] | None:
        """Return the name with one slip in the 字号 or the trade, never in a number or a branch's place."""
        rng, counts = self.rng, self.counts
        if firm.kind == "numbered" or (firm.kind == "foreign" and firm.latin == firm.brand):
            return None
        if kind == "typo_trade":
            way = rng.choice(("typo_swapped", "typo_doubled", "typo_homophone", "typo_missing"))
            trade = _typo(rng, firm.trade, way)
            if trade == firm.trade or (way == "typo_missing" and len(firm.trade) < 4) or trade in _TRADE.items:
                return None
            if trade[:2] != firm.trade[:2] and counts.by_city[firm.city.name, firm.brand, trade[:2]] > 0:
                return None
            parts.trade = trade
            return parts.text(), need
        brand = _typo(rng, firm.brand, kind)
        if brand == firm.brand:
            return None
        parts.brand = brand
        if counts.by_city[firm.city.name, brand, firm.trade[:2]] > 0:
            return None  # the name of another firm
        return parts.text(), need if parts.place else 2

    def lighter(self, firm: _Firm, text: str) -> str:
        """Return the name with one more harmless change of its typography."""
        return text if firm.latin and text.isascii() else _formatted(self.rng, text)

    def address(self, firm: _Firm, road: str) -> str:
        rng = self.rng
        city = firm.seat.name + ("市" if rng.random() < 0.7 else "")
        if rng.random() < 0.15 and not firm.seat.municipal:
            city = firm.seat.long_province + city
        if rng.random() < 0.12:
            city = ""
        if firm.county.endswith("市") and rng.random() < 0.9:
            city = firm.seat.long_province if city and rng.random() < 0.4 else ""
        if firm.zone is not None and rng.random() < 0.7:
            city = city if city.endswith((firm.seat.name, firm.seat.name + "市")) else firm.seat.name + "市"
            county, rest = road[: len(firm.county)], road[len(firm.county) :]
            road = (rng.choice(firm.zone) if rng.random() < 0.5 else firm.zone[0]) + (
                rest if county == firm.county else road
            )
        if firm.kind in ("individual", "cooperative") and rng.random() < 0.8 and road.startswith(firm.county):
            road = firm.county + firm.town + road[len(firm.county) :]
        if rng.random() < 0.12:
            road = road.replace("幢", "栋") if "幢" in road else road.replace("楼", "层")
        return city + road

    def phone(self, phone: str) -> str:
        dice = self.rng.random()
        if dice < 0.75:
            return phone
        if "-" in phone:
            area, local = phone.split("-")
            return f"({area}){local}" if dice < 0.85 else f"{area}{local}" if dice < 0.95 else f"+86-{area[1:]}-{local}"
        return (
            f"+86 {phone}"
            if dice < 0.83
            else f"{phone[:3]} {phone[3:7]} {phone[7:]}"
            if dice < 0.95
            else f"{phone[:3]}-{phone[3:7]}-{phone[7:]}"
        )

    def city(self, firm: _Firm) -> str:
        dice = self.rng.random()
        if dice < 0.08 and firm.county.endswith("市"):
            return firm.county
        return firm.seat.name + ("市" if dice < 0.75 else "")

    def firm(self, firm: _Firm) -> list[dict[str, Any]]:
        """Return the firm's records: the first plain, the others as drawn."""
        rng = self.rng
        rows: list[dict[str, Any]] = []
        weakest = 0
        alone = firm.records == 1
        old_at = rng.randrange(1, firm.records) if firm.former is not None and firm.records > 1 else -1
        for position in range(firm.records):
            _, *chances = OFFICES[_OFFICE.one(rng)]
            has = dict(zip(("city", "person", "phone", "address"), (rng.random() < c for c in chances), strict=True))
            kind, name, need = "plain", "", 0
            if position == old_at:
                kind, need = "renamed", 3
                name = self._former(firm)
            elif position or alone:
                kind, name, need = self._drawn(firm, has["city"], alone)
            else:
                name = _registered(firm).text()
            own = list(firm.own)
            rng.shuffle(own)
            shown = own[:need]
            if kind == "owner":
                shown = list(dict.fromkeys(["person", *own]))[:2] if "person" in own else own[:need]
            if firm.known:
                shown = list(dict.fromkeys(["person", rng.choice(("phone", "address")), *shown]))
            for attribute in shown:
                has[attribute] = True
            weakest = max(weakest, need)
            if (
                kind in ("plain", "form_equal", "place_suffix", "zone_form")
                and rng.random() < SECOND_CHANGE
                and position
            ):
                name = self.lighter(firm, name)
            person, road, phone = firm.person, firm.road, firm.phone
            if (
                position
                and "person" not in shown
                and not firm.known
                and kind not in ("owner", "owner_added")
                and rng.random() < CHANGED_PERSON
            ):
                person = _person(rng)
                kind += "+person"
            if position and "address" not in shown and not firm.known and rng.random() < MOVED:
                county = rng.choice(firm.seat.counties)
                road = f"{county}{rng.choice(_ROAD)}路{rng.randint(1, 999)}号"
                kind += "+moved"
            if position and "phone" not in shown and not firm.known and rng.random() < NEW_PHONE:
                phone = _phone(rng, firm.seat)
                kind += "+phone"
            city: str | None = None
            if has["city"]:
                city = self.city(firm)
                if rng.random() < WRONG_CITY and need == 0 and firm.level in ("city", "province_city", "county"):
                    other = _CITY.one(rng).name
                    if other != firm.city.name:
                        city, kind = other + "市", kind + "+wrong_city"
            rows.append(
                {
                    "name": name,
                    "kind": kind,
                    "city": city,
                    "person": person if has["person"] else None,
                    "phone": self.phone(phone) if has["phone"] else None,
                    "address": self.address(firm, road) if has["address"] else None,
                    "aliases": None,
                    "coded": False,
                    "alias_without_code": None,
                }
            )
        first = rows[0]
        if weakest and not alone:
            first["city"] = first["city"] or self.city(firm)
            first["person"] = first["person"] or firm.person
            first["phone"] = first["phone"] or self.phone(firm.phone)
            first["address"] = first["address"] or self.address(firm, firm.road)
        if old_at > 0:
            old = self._former(firm)
            if rng.random() < 0.65:
                first["aliases"] = old
            else:
                first["alias_without_code"] = old
                first["coded"] = rows[old_at]["coded"] = True
        elif rng.random() < 0.015 and firm.kind == "company":
            first["aliases"] = self._invented_alias(firm)
        return rows

    def _former(self, firm: _Firm) -> str:
        parts = _registered(firm)
        assert firm.former is not None
        parts.brand, parts.trade = firm.former
        return parts.text()

    def _invented_alias(self, firm: _Firm) -> str:
        """Return former names that no record bears."""
        parts = _registered(firm)
        names = []
        for _ in range(1 if self.rng.random() < 0.8 else 2):
            for _ in range(9):
                parts.brand = _brand(self.rng)
                if not self.counts.by_brand[firm.city.name, parts.brand]:
                    break
            names.append(parts.text())
        return "、".join(names)

    def _drawn(self, firm: _Firm, city_known: bool, alone: bool) -> tuple[str, str, int]:
        rng = self.rng
        for _ in range(12):
            kind = _ZONE_KIND.one(rng) if firm.zone is not None and rng.random() < ZONE_KINDS else _KIND.one(rng)
            said = self.spoken(firm, kind, city_known)
            if said is None:
                continue
            text, need = said
            if need > len(firm.own):
                continue
            # A firm's only record has nothing beside it that could decide: its name must fit no other firm.
            if alone and need and not self._alone_is_clear(firm, kind):
                continue
            return kind, text, need
        return "plain", _registered(firm).text(), 0

    def _alone_is_clear(self, firm: _Firm, kind: str) -> bool:
        if kind in ("brand", "place_missing", "brand_trade"):
            return self.counts.brand_anywhere[firm.brand] == 1
        if kind == "owner":
            return False
        return self.counts.by_brand[firm.city.name, firm.brand] == 1


# ------------------------------------------------------------------------------------------------ codes
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION = (3, 7, 9, 10, 5, 8, 4, 2)
_VALUE = {c: i for i, c in enumerate(_CODE_LETTERS)}


def credit_code(number: int, city_code: str, kind: str, offset: int = 0) -> str:
    """Return the valid GB 32100 code of an invented firm; other numbers give other codes."""
    mixed = number + offset
    if mixed % 3:
        body = f"{mixed * 7919 % 100_000_000:08d}"
    else:
        rest = mixed * 6_700_417 % 30**6
        letters = []
        for _ in range(6):
            rest, digit = divmod(rest, 30)
            letters.append(_CODE_LETTERS[digit])
        body = "MA" + "".join(letters)
    # letters of an organisation code (GB 11714) are worth 10 to 35 in the whole alphabet
    total = sum(w * (ord(c) - 48 if c.isdigit() else ord(c) - 55) for w, c in zip(_ORGANISATION, body, strict=True))
    rest = 11 - total % 11
    check = "X" if rest == 10 else "0" if rest == 11 else str(rest)
    head = {"individual": "92", "cooperative": "93"}.get(kind, "91")
    code = f"{head}{city_code}{mixed % 30:02d}{body}{check}"
    last = -sum(w * _VALUE[c] for w, c in zip(_WEIGHTS, code, strict=True)) % 31
    return code + _CODE_LETTERS[last]


def valid_code(code: str) -> bool:
    """Return whether the check digit of a credit code is right."""
    if len(code) != 18 or any(c not in _VALUE for c in code):
        return False
    return _VALUE[code[17]] == -sum(w * _VALUE[c] for w, c in zip(_WEIGHTS, code[:17], strict=True)) % 31


def _broken(rng: random.Random, code: str, firm: _Firm) -> str:
    """Return a code with a slip, or the registration number of before 2015."""
    dice = rng.random()
    if dice < 0.35:
        return f"{firm.city.code}00{firm.number * 104_729 % 1_000_000_000:09d}"
    if dice < 0.75:
        at = rng.randrange(2, 18)
        return code[:at] + rng.choice([c for c in _CODE_LETTERS if c != code[at]]) + code[at + 1 :]
    if dice < 0.9:
        at = rng.randrange(2, 17)
        swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        if swapped != code:
            return swapped
    at = rng.randrange(2, 18)
    return code[:at] + code[at + 1 :]


# ------------------------------------------------------------------------------------------------ tables
def _rows(rows: int, seed: int) -> tuple[list[_Firm], list[list[dict[str, Any]]]]:
    rng = random.Random(f"truth {seed}")
    town = _Town(rng, rows)
    town.fill()
    counts = _Counts(town.firms)
    counts.settle(town.firms)
    writer = _Writer(rng, counts)
    return town.firms, [writer.firm(f) for f in town.firms]


def _table(rows: int, seed: int, codes: str) -> tuple[pa.Table, list[str], list[str]]:
    if codes not in ("valid", "none", "invalid"):
        raise ValueError(f"codes is valid, none or invalid, not {codes!r}")
    firms, written = _rows(rows, seed)
    rng = random.Random(f"codes {seed}")
    offset = rng.randrange(1_000_000)
    columns: dict[str, list[Any]] = {
        k: [] for k in ("name", "uscc", "city", "legal_person", "phone", "address", "aliases", "truth")
    }
    kinds: list[str] = []
    firm_kinds: list[str] = []
    for firm, records in zip(firms, written, strict=True):
        code = credit_code(firm.number, firm.seat.code, firm.kind, offset)
        for record in records:
            own: str | None = None
            if (rng.random() < CODED or record["coded"]) and codes != "none":
                own = code
                if codes == "invalid" and rng.random() < BROKEN_CODE:
                    own = _broken(rng, code, firm)
            aliases = record["aliases"] or (record["alias_without_code"] if codes != "valid" else None)
            values = (
                record["name"],
                own,
                record["city"],
                record["person"],
                record["phone"],
                record["address"],
                aliases,
            )
            for column, value in zip(columns, (*values, firm.number), strict=True):
                columns[column].append(value)
            kinds.append(record["kind"])
            firm_kinds.append(firm.kind)
    order = list(range(len(kinds)))
    random.Random(f"order {seed}").shuffle(order)
    arrays = {"record_id": pa.array([f"R{i:08d}" for i in range(len(order))])}
    for column, cells in columns.items():
        arrays[column] = pa.array([cells[i] for i in order], pa.int64() if column == "truth" else pa.string())
    return pa.table(arrays), [kinds[i] for i in order], [firm_kinds[i] for i in order]


def truth(rows: int, seed: int, codes: str = "valid") -> pa.Table:
    """Return records of invented firms and which firm each is (`truth`).

    `codes`: "valid" (about half of the records carry the right code), "none", "invalid" (of those that carry one, a
    third carry a slip or an old registration number).
    """
    return _table(rows, seed, codes)[0]


def truth_kinds(rows: int, seed: int) -> pa.Table:
    """Return for each record of `truth` what was done to it: record_id, kind (a key of RECORD_KINDS, or renamed, with
    +person, +moved, +phone, +wrong_city behind it), firm_kind."""
    table, kinds, firm_kinds = _table(rows, seed, "none")
    return pa.table({"record_id": table["record_id"], "kind": kinds, "firm_kind": firm_kinds})


# ------------------------------------------------------------------------------------------------ leads
# Weight of a lead's disturbance; kinds that do not suit a name are drawn again.
LEAD_KINDS = {
    "exact": 8.0,
    "format": 6.0,
    "traditional": 4.0,
    "form_equal": 8.0,
    "form_converted": 5.0,
    "formless": 10.0,
    "place_suffix": 6.0,
    "place_wider": 4.0,
    "place_order": 6.0,
    "place_missing": 9.0,
    "brand_trade": 7.0,
    "place_brand": 4.0,
    "zone_missing": 14.0,
    "zone_added": 6.0,
    "typo_homophone": 10.0,
    "typo_lookalike": 5.0,
    "typo_swapped": 4.0,
    "typo_missing": 4.0,
    "typo_doubled": 3.0,
    "former": 4.0,
}
STRANGERS = 0.10  # leads whose firm is not in the register
STRANGER_KINDS = ("stranger_brand", "stranger_near_brand", "stranger_city", "stranger_trade", "stranger_branch")
_LEAD_KIND = _Draw(LEAD_KINDS.items())
_COMPANY_FORM = re.compile("(有限责任公司|股份有限公司|有限公司|总公司|公司|厂)$")
_BRACKETS = re.compile("[()（）]")


@dataclass(slots=True)
class _Real:
    """A name of the register in parts: place in front, zone, the rest, form."""

    row: int
    name: str
    city: str
    province_part: str
    city_part: str
    county_part: str
    zone: str
    core: str
    form: str
    tail: bool  # the place stands in brackets behind


class _Register:
    """Names of a register in parts, and how many firms each part could mean."""

    def __init__(self, names: list[str], cities: list[str]) -> None:
        provinces = sorted({c.province for c in _CITY.items} | {"海南", "青海", "西藏"}, key=len, reverse=True)
        towns = sorted({c for c in cities if 2 <= len(c) <= 5} | {c.name for c in _CITY.items}, key=len, reverse=True)
        long_provinces = "|".join(_REGIONS.values())
        zone = "(?:国家级|国家)?(?:经济技术|高新技术产业|高新技术|经济|高新|综合)?(?:开发区|保税区|工业园区|新区|高新区|经开区|工业园)"
        self.front = re.compile(
            f"^((?:{long_provinces}|(?:{'|'.join(provinces)})省?)(?![市县区]))?((?:{'|'.join(towns)})市?)?"
            f"((?!第)[\u4e00-\u9fff]{{1,3}}?[市县区](?!{zone}))?([\u4e00-\u9fff]{{0,3}}{zone})?"
        )
        self.inside = re.compile(f"[(（]((?:{'|'.join(provinces + towns)})市?)[)）]")
        self.cities = cities
        districts = {d[:-1]: c.name for c in _CITY.items if c.municipal for d in c.counties}
        self.district = {
            **districts,
            "浦东": "上海",
            "自贸区": "上海",
            "崇明": "上海",
            "滨海": "天津",
            "密云": "北京",
            "延庆": "北京",
        }
        self.areas: list[str] = []
        self.places = tuple(d[:-1] for c in _CITY.items for d in c.counties if len(d) > 2) + tuple(towns)
        self.count: Counter[str] = Counter()
        self.in_city: Counter[tuple[str, str]] = Counter()
        self.starts: Counter[str] = Counter()
        self.starts_in_city: Counter[tuple[str, str]] = Counter()
        self.names = Counter(names)
        self.cores: list[str] = []
        for name, city in zip(names, cities, strict=True):
            real = self.parts(0, name, city)
            core = real.core
            self.areas.append(self.area(real))
            self.cores.append(core)
            self.count[core] += 1
            self.in_city[city, core] += 1
            self.starts[core[:2]] += 1
            self.starts_in_city[city, core[:2]] += 1

    def parts(self, row: int, name: str, city: str) -> _Real:
        found = self.front.match(name)
        groups = [g or "" for g in found.groups()] if found is not None else [""] * 4
        rest = name[sum(map(len, groups)) :]
        tail = False
        if not groups[0] and not groups[1]:
            inside = self.inside.search(rest)
            if inside is not None and inside.start() >= 2:
                tail, groups[1] = True, inside.group(1)
                rest = rest[: inside.start()] + rest[inside.end() :]
        form = _COMPANY_FORM.search(rest)
        core = rest[: form.start()] if form is not None else rest
        return _Real(row, name, city, groups[0], groups[1], groups[2], groups[3], _BRACKETS.sub("", core), form.group(1) if form else "", tail)  # fmt: skip

    def area(self, real: _Real) -> str:
        """Return the city a name means; a register may give the districts of 上海 in its column."""
        for part in (real.province_part, real.city_part):
            if part.removesuffix("市") in _MUNICIPAL:
                return part.removesuffix("市")
        return self.district.get(real.city, real.city)

    def neighbours(self, wanted: set[str]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
        """Return the rows within one slip of the wanted cores, and the rows whose core begins or ends with one."""
        patterns: dict[str, list[str]] = {}
        for core in wanted:
            for pattern in _patterns(core):
                patterns.setdefault(pattern, []).append(core)
        near: dict[str, list[int]] = {}
        begins: dict[str, list[int]] = {}
        for row, core in enumerate(self.cores):
            if len(core) < 2:
                continue
            for pattern in _patterns(core):
                for target in patterns.get(pattern, ()):
                    near.setdefault(target, []).append(row)
            for end in range(2, len(core) + 1):
                if core[:end] in wanted:
                    begins.setdefault(core[:end], []).append(row)
            for start in range(1, min(5, len(core) - 1)):
                if core[start:] in wanted:
                    begins.setdefault(core[start:], []).append(row)
        return near, begins


def _patterns(core: str) -> Iterator[str]:
    """Yield what two texts have in common that differ by one slip (character changed, missing, too many, swapped)."""
    yield core
    for at in range(len(core)):
        yield f"{core[:at]}?{core[at + 1 :]}"
        yield core[:at] + core[at + 1 :]
        if at + 1 < len(core):
            a, b = sorted(core[at : at + 2])
            yield f"{core[:at]}~{a}{b}{core[at + 2 :]}"


def _whole(
    real: _Real, core: str | None = None, form: str | None = None, place: str | None = None, zone: str | None = None
) -> str:
    """Return the name put together again, with the parts that are given changed."""
    where = (real.province_part + real.city_part + real.county_part) if place is None else place
    where += real.zone if zone is None else zone
    body = real.core if core is None else core
    end = real.form if form is None else form
    return f"{body}({where}){end}" if real.tail and where else f"{where}{body}{end}"


def _disturbed(rng: random.Random, real: _Real, kind: str) -> tuple[str, str] | None:
    """Return the name as a lead would write it and its core; none where the kind does not suit."""
    core, form = real.core, real.form
    front = real.province_part + real.city_part + real.county_part
    if kind == "exact":
        return real.name, core
    if kind == "format":
        return _formatted(rng, real.name), core
    if kind == "traditional":
        other = real.name.translate(_TRADITIONAL_OF)
        return (other, core) if other != real.name else None
    if kind == "form_equal":
        return (_whole(real, form=_EQUAL_FORMS[form]), core) if form in _EQUAL_FORMS else None
    if kind == "form_converted":
        return (_whole(real, form=rng.choice(_CONVERTED[form])), core) if form in _CONVERTED else None
    if kind == "formless":
        return (_whole(real, form=""), core) if form not in ("厂", "总公司") else None
    if kind == "place_suffix":
        if not real.city_part or real.tail or real.county_part:
            return None
        city = real.city_part
        city = city[:-1] if city.endswith("市") else city + "市"
        return _whole(real, place=real.province_part + city), core
    if kind == "place_wider":
        known = next((c for c in _CITY.items if c.name == real.city_part.removesuffix("市")), None)
        if known is None or known.municipal or real.province_part or real.tail:
            return None
        return _whole(real, place=(known.long_province if rng.random() < 0.6 else known.province) + front), core
    if kind == "place_order":
        if real.zone or real.county_part or not real.city_part or form == "厂":
            return None
        city = real.city_part.removesuffix("市")
        return (f"{city}{core}{form}" if real.tail else f"{core}({city}){form}"), core
    if kind == "place_missing":
        return core + form, core
    if kind == "brand_trade":
        return core, core
    if kind == "place_brand":
        trade = _trade_of(core)
        brand = core[: len(core) - len(trade)]
        if not trade or len(brand) < 2 or len(brand) > 4 or not real.city_part:
            return None
        return real.city_part.removesuffix("市") + brand, brand
    if kind == "zone_missing":
        return (_whole(real, zone=""), core) if real.zone and front else None
    if kind == "zone_added":
        if real.zone or real.tail or not real.city_part or real.county_part:
            return None
        return _whole(real, zone=rng.choice(rng.choice(_ZONES)[:-1])), core
    if kind.startswith("typo_"):
        slip = _typo(rng, core[:3], kind) + core[3:] if rng.random() < 0.6 else _typo(rng, core, kind)
        return (_whole(real, core=slip), slip) if slip != core else None
    if kind == "former":
        new = real.city_part + _brand(rng) + core[2:] + form
        return rng.choice((f"{new}(原{real.name})", f"{new}（原名：{real.name}）", f"{new},原{real.name}")), core
    raise ValueError(kind)


_TRADES_LONGEST = sorted(_TRADE.items, key=len, reverse=True)


def _trade_of(core: str) -> str:
    return next((t for t in _TRADES_LONGEST if core.endswith(t)), "")


def _stranger(
    rng: random.Random, real: _Real, kind: str, plausible: list[str], by_letter: dict[str, list[str]]
) -> tuple[str, str] | None:
    """Return the name of a firm that is not in the register but close to one that is, and its core."""
    core = real.core
    if not 2 <= len(core) - len(_trade_of(core)) <= 4 or not _trade_of(core):
        return None
    if kind == "stranger_brand":
        new = rng.choice(plausible) + core[2:]
        return _whole(real, core=new), new
    if kind == "stranger_near_brand":
        others = [b for b in by_letter.get(core[0], ()) if b != core[:2] and b[1] not in _SIMILAR.get(core[1], "") and b[1] not in _LIKE.get(core[1], "")]  # fmt: skip
        if not others:
            return None
        new = rng.choice(others) + core[2:]
        return _whole(real, core=new), new
    if kind == "stranger_city":
        if not real.city_part or real.zone or real.county_part:
            return None
        other = _CITY.one(rng)
        return None if other.municipal else (_whole(real, place=other.name), core)
    if kind == "stranger_trade":
        new = core[: -len(_trade_of(core))] + str(_TRADE.one(rng))
        return (_whole(real, core=new), new) if new[:4] != core[:4] else None
    if real.form not in ("有限公司", "有限责任公司"):
        return None
    branch = rng.choice((f"第{rng.choice(_NUMERALS)}分公司", f"{_CITY.one(rng).name}分公司", "昆山分公司"))
    return real.name + branch, core


def leads_and_register(count: int, seed: int, register: pa.Table) -> pa.Table:
    """Return leads for firms of the register (columns record_id or key, name, city) under disturbed names.

    Columns: lead_id, name, city (null in half), register_key (null where the firm is not in the register), kind.
    A lead is kept only where its name, with its city if it gives one, means one firm of the register.
    """
    rng = random.Random(f"leads {seed}")
    keys = register["record_id" if "record_id" in register.column_names else "key"].to_pylist()
    names = [n or "" for n in register["name"].to_pylist()]
    cities = [c or "" for c in register["city"].to_pylist()]
    known = _Register(names, cities)
    plausible = [b for b, n in known.starts.items() if n >= 20 and len(b) == 2 and b in _KNOWN_BRANDS]
    by_letter: dict[str, list[str]] = {}
    for brand in plausible:
        by_letter.setdefault(brand[0], []).append(brand)
    if not plausible:
        plausible = list(_COMMON.items)
    zoned = [i for i, n in enumerate(names) if re.search("开发区|保税区|工业园区", n) and n.endswith("公司")]
    wanted = max(count * 4, 80)
    drafts: list[tuple[_Real, str, str, str, bool]] = []
    seen: set[int] = set()
    tries = 0
    while len(drafts) < wanted and tries < wanted * 40:
        tries += 1
        kind = rng.choice(STRANGER_KINDS) if rng.random() < 3 * STRANGERS else str(_LEAD_KIND.one(rng))
        pool = zoned if kind == "zone_missing" and zoned else None
        row = rng.choice(pool) if pool is not None else rng.randrange(len(names))
        real = known.parts(row, names[row], cities[row])
        if row in seen or not _fit(real, known):
            continue
        made = (
            _stranger(rng, real, kind, plausible, by_letter) if kind in STRANGER_KINDS else _disturbed(rng, real, kind)
        )
        if made is None:
            continue
        seen.add(row)
        drafts.append((real, kind, *made, rng.random() < 0.5))
    near, begins = known.neighbours({d[3] for d in drafts})
    columns: dict[str, list[Any]] = {k: [] for k in ("lead_id", "name", "city", "register_key", "kind")}
    left = {True: round(count * STRANGERS), False: count - round(count * STRANGERS)}
    for real, kind, name, core, with_city in drafts:
        stranger = kind in STRANGER_KINDS
        if left[stranger] == 0:
            continue
        if not _decided(real, kind, name, core, with_city, known, near, begins):
            continue
        left[stranger] -= 1
        city = real.city if with_city else None
        if kind == "stranger_city" and with_city:
            city = next(c.name for c in _CITY.items if name.startswith(c.name) or f"({c.name})" in name)
        key = None if kind in STRANGER_KINDS else keys[real.row]
        for column, value in zip(columns, (f"L{len(columns['name']):06d}", name, city, key, kind), strict=True):
            columns[column].append(value)
    order = rng.sample(range(len(columns["name"])), len(columns["name"]))
    for column in ("name", "city", "register_key", "kind"):
        columns[column] = [columns[column][i] for i in order]
    kind_of_key = register.schema.field("record_id" if "record_id" in register.column_names else "key").type
    return pa.table({k: pa.array(v, kind_of_key if k == "register_key" else pa.string()) for k, v in columns.items()})


_KNOWN_BRANDS = frozenset(_COMMON.items)


def _fit(real: _Real, known: _Register) -> bool:
    """Return whether a real name is of a kind that leads have: a company with a place, alone under its name."""
    if not real.city or not (real.city_part or real.province_part) or not real.form or not 4 <= len(real.core) <= 11:
        return False
    if real.core.startswith(known.places):
        return False
    if known.names[real.name] > 1 or known.in_city[real.city, real.core] > 1:
        return False
    if not real.city_part and known.count[real.core] > 1:
        return False
    return not re.search("中国|公司.*公司|供销|银行|支行|厂.*公司|^[省市县区镇乡]|事务所", real.name)


def _decided(
    real: _Real, kind: str, name: str, core: str, with_city: bool, known: _Register, near: dict[str, list[int]],
    begins: dict[str, list[int]],
) -> bool:  # fmt: skip
    """Return whether somebody with the register before him can decide the lead."""
    anywhere = not with_city and kind in ("place_missing", "brand_trade")
    if not real.city_part and not with_city:
        anywhere = True

    area = known.areas[real.row]

    def others(rows: Iterable[int]) -> bool:
        return any(r != real.row and (anywhere or known.areas[r] == area) for r in rows)

    if kind in STRANGER_KINDS:
        if name in known.names:
            return False
        if kind == "stranger_branch":
            return True
        if kind == "stranger_city":
            return all(r == real.row for r in itertools.chain(near.get(core, ()), begins.get(core, ())))
        return not others(begins.get(core, ())) and not others(r for r in near.get(core, ()) if r != real.row)
    if kind.startswith("typo_"):
        changed_brand = core[:3] != real.core[:3]
        if changed_brand and known.starts[core[:2]] > 2 and core[:2] != real.core[:2]:
            return False  # the slip gives a 字号 that others bear: nobody could know it for a slip
        return not others(near.get(core, ()))
    if kind in ("formless", "brand_trade", "place_brand"):
        return not others(begins.get(core, ()))
    if kind in ("place_missing", "form_converted", "zone_missing", "zone_added", "place_order"):
        same = (r for r in near.get(core, ()) if known.cores[r] == core)
        return not others(same) and not others(r for r in begins.get(core, ()) if known.cores[r].endswith(core))
    return name == real.name or name not in known.names


def _show() -> None:
    """Print some records grouped by firm, and the shares of what was done."""
    table, kinds, firm_kinds = _table(2_000, 7, "valid")
    shown = sorted(zip(table.to_pylist(), kinds, firm_kinds, strict=True), key=lambda r: r[0]["truth"])
    for record, kind, firm_kind in shown[:60]:
        print(record["truth"], firm_kind, kind, *(record[k] or "—" for k in table.column_names[1:-1]), sep=" | ")
    for counted in (Counter(k.split("+")[0] for k in kinds), Counter(firm_kinds)):
        print({k: f"{n / len(kinds):.1%}" for k, n in counted.most_common()})


if __name__ == "__main__":
    _show()
