"""Abbreviations that end with a full stop, by language, in addition to those of sentencex.

They are in lower case and without the last full stop. Abbreviations that are also words, or often
end a sentence, apply only before a number or a name.
"""

from typing import NamedTuple

_TITLES = {
    "cs": "bc csc doc dr ing judr kpt mgr mudr mvdr npor nám p paed phdr plk pplk prof pí rndr "
    "sl sv tř ul",
    "de": "bf dipl dr fa fam fr frl frn geb gen hbf hl hr hrn ing jr kfm mme mr mrs msgr pfr "
    "priv prof rev sen st str verw vors wwe",
    "en": "adm capt cmdr col dr gen gov hon insp jr lt maj messrs mlle mme mr mrs ms msgr mt "
    "pres prof rep rev sen sgt sr st supt",
    "es": "arq av avda c cnel d dir dr dra dña excma excmo fr gral hna hno ilma ilmo ing lic "
    "mons ntra ntro pbro pdta pdte prof profa rvdo sgto sr sra sras sres srs srta sta tte "
    "ud uds vda",
    "fr": "adj av bd boul capt cdt chap cie cne dr ets fg gal gén ing maj mgr mlle mlles mm mme "
    "mmes mr mrs mtre pdt pl pr prof rev st ste sté vve",
    "it": "arch avv b cap card cav col comm cons dir dott dott.ssa dr dr.ssa egr f.lli gen gent "
    "geom ill ing ins insp magg mar mons on onn p.za prof prof.ssa proff rag rev s sen "
    "sig sig.na sig.ra sigg soc spett ss t.col ten uff v.le",
    "nl": "dhr dr drs fam gebr ing ir jhr jkvr kol mej mevr mr mw pres prof st",
    "pl": "abp bp bryg bł doc dr dyr gen gł hab hr inż kard kmdr kpt ks lek m.in mec mgr mjr "
    "nadkom pl ppor ppłk prał prez prof płk s sierż sp st stow ul wł zast św",
    "pt": "adv al arq av brig cap cel cia cons côn d dep dir dom dr dra dras drs eng enga engª "
    "exa exma exmo fr gen gov ilma ilmo maj mons p pe pres prof profa profª pça r rev "
    "revmo s sarg sen sr sra sras srs srta sta sto ten trav v vva",
    "ru": "акад г гг ген гр доц инж пер пл пр просп проф р ред св тов ул",
    "sv": "dir dr fr hr prof s:t st",
}
"""Abbreviations before a name."""

_BEFORE_NUMBERS = {
    "cs": "kap obr odd odst par pozn písm příl roč s sb str sv tab tel zák č čl čís",
    "de": "abb abs abschn anh anl anm apr art aufl aug bd bde bl blg cap dez feb febr fig fn gl "
    "hnr jan jg jul jun kap lfg mär nov nr nrn okt pkt rdnr rn rz s sep sept sp tab taf "
    "teilbd tel tz ziff",
    "en": "al app apr art aug ch chap dec eq eqs ex feb fig figs fn jan jul jun mar no nos nov "
    "oct p par para pp pt ref refs sec sect sep sept tab vol vols",
    "es": "abr ago ap apdo art arts c cap caps cf dic ed ej ene feb fig figs fol inc jul jun "
    "lib lám mar may nov nº núm núms oct p pp pág págs párr s sep sept t tel tom tít v "
    "vid vol vols",
    "fr": "al ann art arts avr cf ch chap déc ex fasc fig figs fol févr janv juil l livr n no "
    "nos nov num oct p par parag pl pp prov r réf s sec sect sept suppl t tab tabl tit "
    "tom tél v vol vols éd",
    "it": "ago all apr art artt c cap capp cf cfr co cod col d dic ed es fasc feb febbr fig "
    "figg fol gen genn giu lett lib lug magg mar n nn no nov nr nro num ott p pag pagg "
    "par parr pp prot rif s sec set sett sez sg sgg t tab tav tel tit tom v vd vol voll",
    "nl": "afb apr art aug bijl blz boekd dec deel feb fig hfdst jan jg jul jun mrt no nov nr "
    "nrs okt p pag par pp red sep sept tab tel vol",
    "pl": "art cz cze czerw fol fot godz gru grudz il itd kwi kwiec lip lis listop lit lut nr "
    "ok p par paź paźdz pkt por poz pp ppkt r roz rozdz rys s sie sierp str sty stycz "
    "sygn t tab tel tom ust vol w wrz wrześ ww wyd z zał zesz zob",
    "pt": "abr ago al als alín ap art arts c cap caps cf dez ed ex fasc fev fig figs fl fls fol "
    "inc incs jan jul jun l liv mai mar n no nos nov nº núm obs out p par pgs pp proc pág "
    "págs q s segs set séc sécs t tab tel tom tít v vd vid vol vols",
    "ru": "вып гл д изд к кв кн корп оф п пп прим разд рис с см ст стр т табл тел том тт ч №",
    "sv": "apr art aug avs bil dec feb fig jan jfr kap kl mars mom nov nr okt p pkt ref s sept "
    "sid tab tel vol",
}
"""Abbreviations before a number, also a Roman one."""

_ANYWHERE = {
    "cs": "aj cca event hl kr mil mj mld n.l n.m např ob odd okr popř př přibl resp rkp roč "
    "s.r.o srov stol tis tj tzn tzv vl zejm zn zvl",
    "de": "abk absch allg amtl angebl anm az begr bes beschl best betr bez bsp bspw bzgl bzw ca "
    "d.h ders dgl einschl entspr erg evtl exkl gegr gem gesch gest ggf ggfs hg hrsg i.d.r "
    "inkl insb insbes jew jährl kath lt max mind mio monatl mrd möbl nachf no näml o.ä od "
    "orig rd resp rspr s.o s.u schriftl schweiz sog soz std stdn stellv str städt tab tel "
    "tägl u u.a ugs urspr urt v v.a verf verh vgl vorm vorschr wg wiss z z.b zit zus zw "
    "zz zzgl österr überw",
    "en": "approx ca cf conc deg dept e.g i.e max min resp sp spp ssp staph strep subsp suppl "
    "temp var viz vs",
    "es": "adj admón afmo aprox atte coord cía depto ed ee.uu ej fdo gob máx mín p.ej prov pza "
    "trad v.gr",
    "fr": "adm anc ap apr av c.-à-d ca coll coord crit dept dép env ex fém i.e ibid id inf "
    "interv j.-c loc masc max min moy p.ex préc resp sc sq sqq suiv sup trad univ voy vx",
    "it": "abbr agg ca circ cit cod comp coord d.lgs d.m d.p.r dec div ed es ibid id impr int "
    "l.r max min naz ogg p.es prov racc reg rep rist seg segg sost succ trad tratt univ "
    "v.le",
    "nl": "a.u.b afd alg bijv ca cf d.w.z e.d evt excl incl inz jl m.a.w max min mld mln mnd "
    "n.a.v o.a o.l.v oorspr resp s.v.p t.a.v t.o.v t.w toel vgl vlgs vnl zgn",
    "pl": "ang b.r bm br br.w ca cd cdn dosł ds ew fr hiszp jw lp m.in maks max mies min mld "
    "mln n.e nast niem np ob obw op p.n.e p.o pon proc pt sp t.j tj tys tzn tzw tłum ul v "
    "wg woj ww zm zob zw łac",
    "pt": "adj adm aprox ass bras ca cf coord créd cód depto dir doc ed esp ex fem i.e ib ibid "
    "id ind lt masc máx mín n.b neol op org p.ex pg port pref prov publ red resp sec segs "
    "sup séc sécs trad univ v.g",
    "ru": "англ лат н.э напр обл ок р-н рус см ср т.е т.к т.н фр",
    "sv": "bl.a ca dvs e.d enl ev exkl f.d f.n f.ö forts fr.o.m inkl jfr m.a.o m.fl max milj "
    "min mkt mm o.d p.g.a resp s.k st t.ex t.o.m t.v tillf ung urspr",
}
"""Abbreviations before anything."""


class Abbreviations(NamedTuple):
    """Abbreviations of a language: before names, before numbers, and before anything."""

    titles: frozenset[str]
    before_numbers: frozenset[str]
    anywhere: frozenset[str]


ABBREVIATIONS = {
    language: Abbreviations(
        *(frozenset(words[language].split()) for words in (_TITLES, _BEFORE_NUMBERS, _ANYWHERE))
    )
    for language in _TITLES
}
"""Abbreviations by ISO 639-1 code."""
