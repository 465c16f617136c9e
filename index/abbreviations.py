"""Abbreviations of each language that end no sentence where what they belong to follows.

Lower case, without the full stop. Those before which a small letter follows need no entry: a
sentence does not go on with one after its end.
"""

from __future__ import annotations

# What stands before a name: titles, streets, saints.
_NAMES = {
    "bg": "г гр ул бул пл проф инж доц акад св",
    "ca": "sr sra srs dr dra prof av avda c pl st sta mn",
    "cs": "dr ing mgr bc prof doc mudr judr phdr ul nám tř sv gen",
    "da": "hr fr frk dr prof adv pastor sct skt cand civ ing gl",
    "de": "hr fr frl dr prof dipl ing hrsg st str inkl einschl exkl zzgl sog gem gez geb hl bzw ca",
    "el": "κ κα κος κκ δρ καθ αγ οδ λεωφ πλ στρ",
    "es": "sr sra srta dña sres sras dr dra dª prof ing arq lic gral cap avda av pza sto sta ee",
    "et": "hr pr prl dr prof mag tn pst",
    "eu": "jn and dk prof",
    "fi": "hra rva nti dr prof tri toht",
    "fr": "m mm mme mmes mlle mlles dr drs pr prof mgr st ste sts bd av env apr gal cdt",
    "hi": "डॉ डा प्रो श्री सुश्री पं स्व कु मो",
    "hu": "dr prof özv ifj id br gr szt st",
    "id": "dr drs dra prof ir hj h jl jln gg pt cv tn ny sdr kab kec kel rp",
    "it": "sig sigg sigra sra dott ssa dottssa prof avv ing geom arch rag on mons san s v st ca",
    "lt": "dr prof doc g pr al pan šv akad",
    "nb": "hr fr frk dr prof adv st skt cand siv ing gl",
    "ne": "डा डॉ प्रा प्रो श्री",
    "nl": "dhr mevr mw mej dr drs prof ir ing mr ds st fa fam burg",
    "pl": "dr hab prof inż mgr ks św bp ul al pl os im tzw płk gen por red",
    "pt": "sr sra srs dr dra drs prof profa eng arq av r pç sto sta exa exmo exma",
    "ro": "dl dna dra dle prof ing arh sf str bd bul șos cca jud com gen",
    "ru": "г гг ул пр просп пл пер им проф акад доц инж св гр тов",
    "sk": "dr ing mgr bc prof doc mudr judr phdr ul nám tr sv gen",
    "sl": "dr mag prof ul g ga gdč sv inž",
    "sr": "др проф ул г гђа св инж dr prof ul g gđa sv inž",
    "sv": "hr fr frk dr prof adv st sankt civ ing",
    "ta": "திரு திருமதி டாக்டர் டாக் பேரா செல்வி",
    "tr": "dr prof doç yrd av sn hz st ord öğr",
    "uk": "м вул просп пл пров ім проф акад доц інж св гр",
    "vi": "ts gs pgs ths bs ks ths tp tt",
}  # fmt: skip
_ALL_NAMES = "dr prof mr mrs ms"

# What stands before a number: articles, pages, figures.
_NUMBERS = {
    "bg": "чл ал т стр с фиг табл вж бр тел",
    "ca": "art arts núm núms pàg pàgs cap apt",
    "cs": "čl odst písm str obr tab č čís kap srov viz cca hod",
    "da": "stk kap nr kl tlf art jf litra bilag side pkt ca",
    "de": "abs abschn abb anl anm art aufl bd bde hs kap lit nr nrn rn rz rd sp ss tel vgl ziff zif"
    " jg ab bgbl s st satz einschl zuzgl abzgl ungef durchschn jährl monatl",
    "el": "αρ άρθρ αρθ παρ σελ εικ βλ τηλ κεφ πίν πρβλ αριθ",
    "en": "para paras vol vols ch chs chap chaps app apps figs eq eqs tel sched scheds ss arts"
    " approx",
    "es": "núm núms pág págs apdo apdos párr párrs art arts tel aprox n",
    "et": "lk nr lg joon vt tel art",
    "eu": "zk or irud",
    "fi": "nro s ss kpl ks vrt mom klo puh kuva luku",
    "fr": "no nos n art al chap p pp vol tél éd env",
    "he": "מס עמ",
    "hi": "नं पृ सं क्र धारा",
    "hu": "sz bek kb ld vö old pl tel évf köt ún",
    "id": "hlm hal gbr tab bab ps rp psl ay lih tel mis",
    "it": "n nn art artt pag pagg fig figg cap vol tel ca lett c co",
    "lt": "nr str psl pav tel žr d dal",
    "nb": "kap nr kl tlf art jf bokst pkt ca mill",
    "ne": "नं पृ सं",
    "nl": "art artt blz pag nr nrs hfdst tel lid ca vgl par afb",
    "pl": "art ust pkt lit par rozdz nr str s ss rys tab tel zob por ok godz poz",
    "pt": "n núm núms art arts pág págs fig figs cap tel aprox al",
    "ro": "art alin lit pag pg p nr cap vol tel cca vezi",
    "ru": "ст п пп ч рис табл стр с см гл т тел ок д кв разд прил ср",
    "sk": "čl ods písm str obr tab č čís kap porov pozri cca hod",
    "sl": "čl odst str sl št tel tč gl npr",
    "sr": "чл ст стр сл бр тел čl st str sl br tel",
    "sv": "kap enl kl nr s sid mom st tel jfr se art ca bil",
    "ta": "எண் பக்",
    "tr": "bkz s şek tab md no tel nu yak",
    "uk": "ст п пп ч рис табл стор с див гл т тел буд кв розд дод",
    "vi": "tr số đ q p",
}  # fmt: skip
_ALL_NUMBERS = "art cap ch fig figs no nos nr p pp par sec tab tel vol"


def _by_language(shared: str, lists: dict[str, str]) -> dict[str, frozenset[str]]:
    languages = {*_NAMES, *_NUMBERS, ""}
    return {code: frozenset(f"{shared} {lists.get(code, '')}".split()) for code in languages}


NAMES = _by_language(_ALL_NAMES, _NAMES)
NUMBERS = _by_language(_ALL_NUMBERS, _NUMBERS)
NUMBERS["en"] = frozenset(_NUMBERS["en"].split())  # the rest is known to the library
