"""Make the sample documents that are not plain text: `python -m tests.make_documents`.

The same bytes every time, so that the samples' hashes never change without a reason.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import docx
from reportlab.lib import colors
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

HERE = Path(__file__).parent / "documents" / "ferry"

Block = str | list[tuple[str, ...]]  # a paragraph with its mark, or the rows of a table

REPORT_2023: list[list[Block]] = [
    [
        "# Annual Report 2023",
        "Lindhamn Ferry Cooperative, Fiskartorget 9, Lindhamn. Adopted by the board on 14 March"
        " 2024.",
        "## A word from the Chair",
        "Dear members, 2023 was the year in which the islands came back to us. We carried 417,300"
        " passengers, after 402,600 in 2022, and closed the year with a surplus of EUR 312,000."
        " The surplus of 2022 was EUR 184,000.",
        "The gain comes from Storskär alone. The island opened its new bathing house in May, and"
        " our extra evening departures were full from midsummer to the end of August. On the route"
        " to Visnäs we lost passengers to the bridge bus, which has been free of charge on Sundays"
        " since March 2023.",
        "In autumn we asked you what kind of ferry should follow the MV Havsörn. Of 1,104 members"
        " who answered, 71 per cent wanted a battery-electric vessel. The board will lay a proposal"
        " before the general meeting on 13 April 2024.",
        "My thanks go to Captain Olof Wrede, who retired on 30 November after 31 years on the"
        " bridge, and to his successor, Captain Amina Haddad.",
        "Dr Ingrid Solheim, Chair",
    ],
    [
        "## Traffic",
        "The cooperative runs two vessels: the MV Sankta Birgit, built in 2011, between Lindhamn"
        " and Visnäs, and the MV Havsörn, built in 1998, between Lindhamn and Storskär.",
        [
            ("Passengers", "2022", "2023"),
            ("Lindhamn to Storskär", "268,900", "286,100"),
            ("Lindhamn to Visnäs", "133,700", "131,200"),
            ("Both routes", "402,600", "417,300"),
        ],
        "Of 5,840 departures in the timetable, 5,772 sailed. Forty-one were cancelled because of"
        " the weather and 27 because of technical faults. In 2022 the technical faults cancelled 52"
        " departures.",
        "The longest interruption was caused by the Havsörn: a cracked fuel line kept her in"
        " harbour from 6 to 9 July, and the Sankta Birgit served both routes.",
        "## Staff",
        "At the end of the year 74 people worked for the cooperative, four more than a year"
        " before. Thirty-nine of them serve on board. Six apprentices are in training, two of them"
        " as marine engineers.",
        "No accident at sea had to be reported. On land, one employee broke a wrist on the icy"
        " ramp at Storskär on 2 February 2023; the ramp has been heated since October.",
    ],
    [
        "## Accounts",
        "Revenue rose by 6.3 per cent, from EUR 6.98 million in 2022 to EUR 7.42 million in 2023."
        " All amounts in the tables are in thousands of euros.",
        [
            ("Revenue", "2022", "2023"),
            ("Passenger tickets", "4,270", "4,610"),
            ("Vehicles and freight", "1,830", "1,860"),
            ("Public service contract", "700", "720"),
            ("Kiosk and other", "180", "230"),
            ("Total revenue", "6,980", "7,420"),
        ],
        [
            ("Costs", "2022", "2023"),
            ("Staff", "3,180", "3,340"),
            ("Fuel", "1,842", "1,710"),
            ("Maintenance and docking", "655", "980"),
            ("Harbour dues", "305", "310"),
            ("Depreciation", "470", "460"),
            ("Insurance and administration", "344", "308"),
            ("Total costs", "6,796", "7,108"),
        ],
        "Fuel cost EUR 132,000 less than in 2022, although we sailed more, because the price of"
        " marine diesel fell. Maintenance was dearer because the Havsörn was docked at Kallvik for"
        " 34 days and received new stern seals.",
        "The board proposes to pay the members a dividend of 2 per cent on their shares, EUR"
        " 46,400 in all, and to add the remaining EUR 265,600 to the reserves. The reserves then"
        " stand at EUR 2.14 million.",
        "The accounts were audited by Revisor Hallgren in Visnäs and approved without"
        " reservation on 1 March 2024.",
    ],
]

REPORT_2022: list[list[Block]] = [
    [
        "# Annual Report 2022",
        "Lindhamn Ferry Cooperative, Fiskartorget 9, Lindhamn. Adopted by the board on 16 March"
        " 2023.",
        "## A word from the Chair",
        "Dear members, 2022 was the year in which the price of diesel decided everything. We"
        " carried 402,600 passengers, after 371,400 in 2021, and closed the year with a surplus of"
        " EUR 184,000. The budget had foreseen EUR 395,000.",
        "Fuel alone cost EUR 362,000 more than planned: a litre of marine diesel was EUR 1.12 on"
        " average, after EUR 0.74 in 2021. In June the board discussed a surcharge on tickets. We"
        " decided against it, because it would have fallen on the pupils and commuters of Storskär,"
        " who have no other way to the mainland.",
        "In May we said goodbye to Gunnar Aalto, who had kept our books for 22 years and had been"
        " Treasurer for the last nine of them. Tomas Rehn has taken over from him.",
        "On 11 November the Sankta Birgit struck the quay at Visnäs when her bow thruster failed."
        " Four passengers were treated for bruises. She was out of service until 20 November, and"
        " buses ran in her place. The Coastal Safety Board is looking into the accident.",
        "Dr Ingrid Solheim, Chair",
    ],
    [
        "## Traffic",
        [
            ("Passengers", "2021", "2022"),
            ("Lindhamn to Storskär", "246,200", "268,900"),
            ("Lindhamn to Visnäs", "125,200", "133,700"),
            ("Both routes", "371,400", "402,600"),
        ],
        "Of 5,690 departures in the timetable, 5,571 sailed. Seventy were cancelled because of the"
        " weather and 49 because of technical faults; 18 of the latter concerned the bow thruster"
        " of the Sankta Birgit. Of the departures that sailed, 94 per cent left within five minutes"
        " of the time in the timetable.",
        "The Sankta Birgit was docked at Kallvik for 19 days in January and February. Her two main"
        " engines were overhauled, and she received a new shaft for the starboard propeller.",
        "New ticket machines at the three quays cost EUR 118,000. They take cards only; the last"
        " machine for coins was switched off on 30 September.",
        "## Fares",
        "On 1 May 2022 a single ticket to Storskär rose from EUR 5.90 to EUR 6.20 and a single"
        " ticket to Visnäs from EUR 13.00 to EUR 13.50. From 1 March 2023 they will be EUR 6.50 and"
        " EUR 14.00. Children under seven travel free of charge on both routes.",
        "## Staff and members",
        "At the end of the year 70 people worked for the cooperative, two fewer than a year before."
        " Thirty-six of them serve on board. Five apprentices are in training, one of them as a"
        " marine engineer. Absence through illness fell from 5.6 to 4.8 per cent.",
        "At the end of the year the cooperative had 2,241 members, 38 more than at its beginning.",
    ],
    [
        "## Accounts",
        "Revenue rose by 10.6 per cent, from EUR 6.31 million in 2021 to EUR 6.98 million. All"
        " amounts in the tables are in thousands of euros and concern 2022.",
        [
            ("Revenue", "Budget", "Result"),
            ("Passenger tickets", "4,150", "4,270"),
            ("Vehicles and freight", "1,760", "1,815"),
            ("Public service contract", "700", "700"),
            ("Kiosk and other", "210", "195"),
            ("Total revenue", "6,820", "6,980"),
        ],
        [
            ("Costs", "Budget", "Result"),
            ("Staff", "3,150", "3,180"),
            ("Fuel", "1,480", "1,842"),
            ("Maintenance and docking", "690", "655"),
            ("Harbour dues", "305", "305"),
            ("Depreciation", "470", "470"),
            ("Insurance and administration", "330", "344"),
            ("Total costs", "6,425", "6,796"),
        ],
        "The board proposes to pay the members a dividend of 1.5 per cent on their shares, EUR"
        " 34,200 in all, and to add the remaining EUR 149,800 to the reserves. The reserves then"
        " stand at EUR 1.87 million.",
        "The accounts were audited by Revisor Dahlman in Lindhamn and approved on 24 February 2023"
        " with one remark: the spare parts in the store had not been counted at the end of the"
        " year. Revisor Dahlman does not stand again after ten years; the board proposes Revisor"
        " Hallgren to the general meeting.",
        "## Outlook",
        "For 2023 the board expects 410,000 passengers, revenue of EUR 7.15 million and a surplus"
        " of EUR 120,000. Fuel is budgeted at EUR 1.9 million. The Havsörn is to be docked for 21"
        " days and to receive new stern seals, for which EUR 90,000 have been set aside. In autumn"
        " the members will be asked what kind of ferry should follow her.",
    ],
]

SAFETY_REPORT: list[list[Block]] = [
    [
        "# Contact of the ferry Sankta Birgit with the quay at Visnäs",
        "Coastal Safety Board, Report 2023/04. Published on 8 June 2023. Lead investigator: Signe"
        " Falk.",
        "The Board investigates accidents so that they do not happen again. It does not apportion"
        " blame or liability.",
        "## Summary",
        "On Friday, 11 November 2022, at 17:42, the ferry Sankta Birgit of the Lindhamn Ferry"
        " Cooperative struck the ferry quay at Visnäs at a speed of 2.3 knots. Her bow thruster had"
        " failed 94 seconds earlier. Three passengers and one deckhand were slightly injured. The"
        " ship was out of service for nine days.",
        "## The voyage",
        "She left Lindhamn at 16:32, seven minutes behind the timetable, with 86 passengers, 21"
        " cars and a crew of nine. The wind blew from the south-west at 14 metres per second, in"
        " gusts at 19. Visibility was good.",
        [
            ("Time", "Event"),
            ("17:33", "The master takes over the controls on the bridge wing."),
            ("17:38:00", "The bow thruster is started and reports ready."),
            ("17:40:26", "The breaker of the bow thruster trips; alarm on the bridge."),
            ("17:41:10", "The master orders both engines full astern."),
            ("17:42:00", "The bow strikes the quay."),
            ("17:49", "The ship is made fast."),
            ("18:07", "The harbour office of Visnäs is informed."),
        ],
        "At 200 metres from the quay the ship made 5.1 knots. The cooperative's own procedure"
        " allows no more than 4 knots at that distance. With the thruster working, the higher speed"
        " would have had no consequences.",
    ],
    [
        "## The people",
        "The master, Captain Karim Haddad, aged 44, has held a master's certificate since 2009 and"
        " has worked for the cooperative since 2016. He had been on duty for six hours, after a"
        " full night's rest.",
        "With him on the bridge was the chief officer, Lena Wrede. She had joined the ship in April"
        " 2022 and was watching the radar. When the alarm sounded, it was she who switched the"
        " thruster over to its emergency supply, which did not start. She then warned the"
        " passengers over the loudspeakers, about twenty seconds before the contact.",
        "The chief engineer, Göran Lindqvist, was in the control room. He reset the breaker twice;"
        " each time it tripped again at once.",
        "## Injuries",
        "Two passengers were bruised and a third broke a finger. The deckhand, who stood ready at"
        " the ramp, sprained an ankle. All four left the hospital on the same evening. The eighteen"
        " passengers who were still sitting in the saloon were unhurt.",
        "## Damage",
        "The bow ramp was bent and the plating above it dented over a length of 3.4 metres. The"
        " repair at the Kallvik yard cost EUR 148,000, of which the cooperative's insurer paid EUR"
        " 98,000. The quay lost two fenders and part of its concrete edge; the town of Visnäs"
        " estimates the damage at EUR 55,000. No oil was spilled.",
    ],
    [
        "## Causes",
        "The thruster failed because its breaker tripped at 310 amperes. The maker prescribes 400,"
        " and in a strong crosswind the thruster draws up to 360. The breaker had been renewed in"
        " January 2022, while the ship was docked at Kallvik, and had been left as it came from the"
        " factory.",
        "It had given warning. Between 20 February and 11 November 2022 the engine log records 23"
        " trips of this breaker. Each time it was reset, and the entry was signed; nobody looked at"
        " the setting.",
        "The emergency supply did not start because its battery was flat. It was to be tested once"
        " a month. The last test for which there is a signature was on 4 August 2022.",
        "The Board could not establish why the setting was not checked when the ship left the dock:"
        " the yard's worksheet for that day is missing.",
        "## Recommendations",
        "1. The cooperative sets the breakers of both vessels' thrusters to the values of their"
        " makers, by 31 August 2023.",
        "2. The cooperative tests the emergency supply of the thrusters every week.",
        "3. The cooperative's officers practise the failure of a thruster twice a year.",
        "4. The Kallvik yard hands over a list of all settings at the end of every docking.",
        "5. The town of Visnäs fits two additional fenders at the head of the ferry quay.",
        "The cooperative has accepted the first two recommendations. On the third it has replied"
        " that one exercise a year is enough, since the crews also train on a simulator. The yard"
        " had not replied when this report was closed on 26 May 2023.",
    ],
]

MINUTES_2024_03: list[Block] = [
    "# Minutes of the Board Meeting, 14 March 2024",
    "Held in the waiting hall at Fiskartorget, Lindhamn, from 18:00 to 20:40.",
    "Present: Dr Ingrid Solheim (Chair), Tomas Rehn (Treasurer), Birgitta Aalto, Jonas Kvist, Maren"
    " Oday. In attendance: Henrik Sjölund, Managing Director; Mats Ekdahl, Technical"
    " Superintendent. Apologies: Sofia Nyström.",
    "## 1. Annual report and accounts",
    "Tomas Rehn presented the accounts for 2023. Revenue was EUR 7.42 million and the surplus EUR"
    " 312,000. The board adopted the annual report unanimously.",
    "Birgitta Aalto asked why harbour dues had hardly changed. Henrik Sjölund replied that the"
    " berth dues at Lindhamn rise for the first time in 2024, by 2.4 per cent.",
    "## 2. Successor of the MV Havsörn",
    "### Tenders",
    "Three yards had sent tenders by the closing date of 15 February 2024. Mats Ekdahl compared"
    " them.",
    [
        ("Yard", "Drive", "Price", "Delivery", "Warranty on batteries"),
        ("Kallvik", "battery", "EUR 9.8 million", "June 2026", "10 years"),
        ("Norrskeppet", "battery", "EUR 9.3 million", "December 2026", "6 years"),
        ("Bergman & Sons", "diesel-hybrid", "EUR 7.6 million", "March 2026", "8 years"),
    ],
    "Jonas Kvist spoke for the hybrid of Bergman & Sons, since it costs EUR 2.2 million less than"
    " the Kallvik vessel. Maren Oday pointed out that a hybrid would still burn about 210,000"
    " litres of diesel a year.",
    "### Decision",
    "The board decided, by four votes to one, to recommend the tender of the Kallvik yard to the"
    " general meeting on 13 April 2024. Jonas Kvist voted against.",
    "The Managing Director was asked to do three things before then:",
    "- obtain a binding offer for a loan of EUR 5.6 million from the Gotska Cooperative Bank;",
    "- confirm the grant of EUR 2.7 million with the national fund for clean shipping;",
    "- notify the Port Authority that shore power at Berth 5 will be needed.",
    "## 3. Summer timetable",
    "The summer timetable runs from 8 June to 25 August 2024. There will be eleven daily departures"
    " to Storskär, one more than in 2023, and five to Visnäs, as before. The last boat from"
    " Storskär leaves at 22:45.",
    "## 4. Any other business",
    "Sofia Nyström had asked in writing for a lift in the waiting hall. Henrik Sjölund will obtain"
    " an estimate; the board set a ceiling of EUR 35,000.",
    "The next meeting is on Thursday, 16 May 2024, at 18:00 on board the MV Sankta Birgit.",
    "Minutes: Birgitta Aalto",
]

MINUTES_2023_10: list[Block] = [
    "# Minutes of the Board Meeting, 19 October 2023",
    "Held on board the MV Havsörn at Berth 5, Lindhamn, from 17:30 to 19:55.",
    "Present: Dr Ingrid Solheim (Chair), Tomas Rehn (Treasurer), Birgitta Aalto, Jonas Kvist, Sofia"
    " Nyström. In attendance: Henrik Sjölund, Managing Director; Mats Ekdahl, Technical"
    " Superintendent; Captain Olof Wrede (item 2). Apologies: Maren Oday.",
    "## 1. The first nine months",
    "Tomas Rehn reported on January to September 2023: 338,200 passengers, and revenue of EUR 5.86"
    " million, after EUR 5.49 million in the same months of 2022. For the whole year he expects a"
    " surplus of EUR 240,000. Fuel has been EUR 95,000 cheaper than budgeted so far.",
    "Jonas Kvist asked why the Havsörn had been docked for 34 days when 21 had been planned. Mats"
    " Ekdahl replied that the stern tube was found to be scored once the old seals were out; it had"
    " to be machined, and the yard had no free lathe for a week.",
    "## 2. Succession of Captain Wrede",
    "Captain Wrede will retire on 30 November. Fourteen people had applied for his post, three of"
    " them from the cooperative's own crews. The board unanimously appointed Amina Haddad, who has"
    " been chief officer of the Havsörn since 2017. She takes command on 1 December, with a"
    " probation of six months.",
    "Sofia Nyström asked whether she is related to Captain Karim Haddad of the Sankta Birgit. He is"
    " her cousin, Henrik Sjölund replied; the two will not be rostered on the same ship.",
    "## 3. Successor of the MV Havsörn",
    "### Survey of the members",
    "Of 2,290 members who were asked, 1,104 had answered.",
    [
        ("Preferred drive", "Answers", "Share"),
        ("battery-electric", "784", "71 per cent"),
        ("diesel-hybrid", "221", "20 per cent"),
        ("diesel", "99", "9 per cent"),
    ],
    "Jonas Kvist found the number of answers too small to rest a decision on.",
    "### Call for tenders",
    "The board decided unanimously to ask four yards for tenders: Kallvik, Norrskeppet, Bergman &"
    " Sons and Oderwerk. The tenders are to be in by 31 January 2024. The vessel has to meet these"
    " conditions:",
    "- room for at least 220 passengers and 24 cars;",
    "- a crossing to Storskär in no more than 38 minutes;",
    "- entry into service by April 2026;",
    "- a price of no more than EUR 9.5 million.",
    "Tomas Rehn's plan for paying this sum is a loan of EUR 5.0 million, a grant of EUR 3.1 million"
    " and EUR 1.4 million from the reserves. The application for the grant is to be sent off by 15"
    " November.",
    "The market study by Fjordlund Analys will be ready in December. It costs EUR 38,000, half of"
    " which the national fund for clean shipping bears.",
    "## 4. Summer timetable 2024",
    "The board decided to plan for ten daily departures to Storskär, as in 2023, and for six to"
    " Visnäs, one more than in 2023. Birgitta Aalto hopes that the sixth will win back passengers"
    " from the bridge bus. Jonas Kvist abstained.",
    "## 5. Fares",
    "The board decided, by four votes to one, that a single ticket to Storskär is to cost EUR 6.80"
    " from 1 May 2024. Sofia Nyström voted against. The ticket to Visnäs is to stay at EUR 14.00,"
    " because the bridge bus sets a limit there.",
    "## 6. Kiosk on the Sankta Birgit",
    "The kiosk lost EUR 14,000 in 2022 and EUR 11,000 in the first nine months of 2023. The board"
    " decided, by three votes to two, to close it on 1 January 2024. Birgitta Aalto and Sofia"
    " Nyström voted against. The kiosk in the waiting hall stays open, and its hours do not change."
    " The two people who work in the kiosk on board will be offered other posts.",
    "## 7. Ramp at Storskär",
    "The heating of the ramp has been in use since 6 October. It cost EUR 27,500; the estimate had"
    " been EUR 22,000. The difference is due to the rock under the ramp, which had to be blasted.",
    "## 8. Any other business",
    "Henrik Sjölund reported on the recommendations of the Coastal Safety Board. The breakers of"
    " the thrusters were set on 21 June, ten weeks before the date that had been given. The"
    " emergency supplies have been tested every week since 1 July.",
    "Petra Lindqvist begins in the press office on 1 November. Before that she was a reporter at"
    " the local radio. She will work three days a week.",
    "Minutes: Sofia Nyström",
]

STUDY: list[Block] = [
    "# Travel to Storskär until 2035",
    "A market study for the Lindhamn Ferry Cooperative by Fjordlund Analys, Visnäs. 11 December"
    " 2023. Authors: Dr Nils Ekström and Hanna Strand.",
    "## 1. Assignment and method",
    "The cooperative asked us in June 2023 how many people will travel between Lindhamn and"
    " Storskär in the years to 2035, and what this means for the vessel that is to follow the MV"
    " Havsörn. We counted passengers on 24 days, questioned 640 of them on board in July and"
    " August, and spoke with 48 islanders in October.",
    "The route to Visnäs, freight and the fares for cars were not part of the assignment.",
    "## 2. Who travels today",
    "For 2023 we reckon with 284,000 passengers to and from Storskär; the figure rests on the first"
    " eleven months. The island has 412 residents. In July and August the passengers gave these"
    " reasons for their journey:",
    "- the bathing house, 46 per cent;",
    "- a summer cottage, 23 per cent;",
    "- work or school, 17 per cent;",
    "- visits and other reasons, 14 per cent.",
    "The bathing house belongs to the island council and has been open since May. It counted 61,500"
    " visitors up to the end of November, where its planners had hoped for 40,000. It closes from"
    " January to March.",
    "The busiest day was Saturday, 22 July 2023, with 3,640 passengers. On 17 days people had to be"
    " left behind on the quay, nearly always at the last departure from Storskär.",
    "Passengers were asked to give marks from 1 to 5, as they had been in an earlier survey:",
    [
        ("Aspect", "2019", "2023"),
        ("Punctuality", "3.6", "4.1"),
        ("Crew", "4.6", "4.7"),
        ("Comfort on board", "3.4", "3.2"),
        ("Fares", "3.1", "2.9"),
    ],
    "The low mark for comfort has one cause above all. The saloon of the Havsörn lies over the"
    " engine room, and 58 per cent of those questioned called it too loud.",
    "## 3. Forecast",
    "We have calculated three cases. They differ in what becomes of the bathing house: in the low"
    " case it stays as it is, in the base case it opens all year round from 2026, and in the high"
    " case a hotel with 80 beds is added. All figures are passengers to and from Storskär in a"
    " year.",
    [
        ("Year", "Low", "Base", "High"),
        ("2025", "281,000", "292,000", "300,000"),
        ("2027", "276,000", "301,000", "322,000"),
        ("2030", "270,000", "315,000", "349,000"),
        ("2035", "262,000", "328,000", "390,000"),
    ],
    "In the low case the number falls, because the population of the island is ageing and the"
    " novelty of the bathing house wears off. We hold the base case to be the most likely one.",
    "A bridge or a tunnel to Storskär need not be feared. The island council gave up its plan for a"
    " footbridge in 2019, after borings had shown that the bed of the sound is soft clay down to 40"
    " metres.",
    "## 4. Vessel and energy",
    "The cost of energy for one crossing was compared at the prices of October 2023:",
    [
        ("Drive", "Consumption", "Cost", "Carbon dioxide"),
        ("diesel (Havsörn)", "128 litres", "EUR 131", "343 kg"),
        ("diesel-hybrid", "27 litres and 250 kWh", "EUR 58", "72 kg"),
        ("battery-electric", "420 kWh", "EUR 50", "none on board"),
    ],
    "A vessel for 240 passengers is enough until 2035 in the low and in the base case. In the high"
    " case a second vessel would be needed from 2031 on summer weekends.",
    "## 5. Fares and access",
    "If fares rise by 10 per cent, 3 per cent of the passengers stay away. Visitors of the bathing"
    " house react more strongly than that, islanders hardly at all.",
    "The car park at Fiskartorget has 140 spaces. It was full on 38 days in 2023, and every third"
    " visitor who came by car had to look for a space for more than ten minutes. The municipality"
    " could open the meadow behind Berth 7, where excursion boats lie, for another 60 cars.",
    "## 6. Recommendations",
    "- Order a vessel for at least 240 passengers.",
    "- Let the last boat leave Storskär at 23:15 on Fridays and Saturdays in July and August.",
    "- Do not raise the fares before 2026.",
    "- Offer a card for ten crossings at EUR 52.",
    "- Agree with the municipality on more parking spaces before summer 2024.",
]


# In points, by the number of columns.
WIDTHS: dict[int, tuple[int, ...]] = {2: (60, 270), 3: (170, 70, 70)}


def make_pdf(path: Path, title: str, author: str, pages: list[list[Block]]) -> None:
    """Write a PDF of small pages: headings, paragraphs and tables."""
    styles = getSampleStyleSheet()
    looks = {"# ": styles["Title"], "## ": styles["Heading2"], "": styles["BodyText"]}
    story: list[Flowable] = []
    for page in pages:
        for block in page:
            if isinstance(block, str):
                prefix = next(mark for mark in looks if block.startswith(mark))
                story.append(Paragraph(block.removeprefix(prefix), looks[prefix]))
            else:
                columns = len(block[0])
                style = [("LINEBELOW", (0, 0), (-1, 0), 0.5, colors.black)]
                if columns > 2:
                    style.append(("ALIGN", (1, 0), (-1, -1), "RIGHT"))
                style += [(f"{side}PADDING", (0, 0), (-1, -1), 1) for side in ("TOP", "BOTTOM")]
                table = Table(block, colWidths=WIDTHS[columns], style=style)
                story += [Spacer(0, 6), table, Spacer(0, 6)]
        story.append(PageBreak())
    SimpleDocTemplate(
        str(path),
        pagesize=A5,
        leftMargin=40,
        rightMargin=40,
        topMargin=36,
        bottomMargin=36,
        invariant=1,
        title=title,
        author=author,
    ).build(story[:-1])


def make_docx(path: Path, author: str, written: datetime, blocks: list[Block]) -> None:
    """Write a Word document with headings, lists and tables."""
    document = docx.Document()
    document.core_properties.author = author
    document.core_properties.created = document.core_properties.modified = written
    styles = {"### ": "Heading 2", "## ": "Heading 1", "# ": "Title", "- ": "List Bullet", "": None}
    for block in blocks:
        if isinstance(block, str):
            prefix = next(mark for mark in styles if block.startswith(mark))
            document.add_paragraph(block.removeprefix(prefix), styles[prefix])
        else:
            table = document.add_table(0, len(block[0]), style="Table Grid")
            for row in block:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
    packed = BytesIO()
    document.save(packed)
    path.write_bytes(_without_times(packed))


def _without_times(package: BytesIO) -> bytes:
    """Return a zip file's bytes without the times at which its entries were written."""
    result = BytesIO()
    with ZipFile(package) as old, ZipFile(result, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(ZipInfo(name), old.read(name), ZIP_DEFLATED)
    return result.getvalue()


def main() -> None:
    """Write them all."""
    cooperative = "Lindhamn Ferry Cooperative"
    make_pdf(HERE / "annual-report-2023.pdf", "Annual Report 2023", cooperative, REPORT_2023)
    make_pdf(HERE / "annual-report-2022.pdf", "Annual Report 2022", cooperative, REPORT_2022)
    make_pdf(HERE / "safety-report.pdf", "Report 2023/04", "Coastal Safety Board", SAFETY_REPORT)
    make_docx(
        HERE / "board-minutes-2024-03.docx",
        "Birgitta Aalto",
        datetime(2024, 3, 15, tzinfo=UTC),
        MINUTES_2024_03,
    )
    make_docx(
        HERE / "board-minutes-2023-10.docx",
        "Sofia Nyström",
        datetime(2023, 10, 23, tzinfo=UTC),
        MINUTES_2023_10,
    )
    make_docx(
        HERE / "market-study.docx",
        "Fjordlund Analys",
        datetime(2023, 12, 11, tzinfo=UTC),
        STUDY,
    )


if __name__ == "__main__":
    main()
