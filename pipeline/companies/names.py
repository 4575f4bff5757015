"""Company names: legal forms, the short form a legal name leaves, and the key under which names are compared."""

import re
import unicodedata

# Legal forms as they stand after a name; longest first where one begins another.
LEGAL_FORMS: tuple[str, ...] = (
    "Public Company Limited", "Public Limited Company", "Private Limited", "Joint Stock Company",
    "Public Co Ltd", "Incorporated", "Corporation", "Aktiengesellschaft", "Company Limited", "Company",
    "Limited", "Inc", "Corp", "Co Ltd", "Co", "Ltd", "Pvt Ltd", "Pvt", "Pte Ltd", "Pte", "Pty Ltd", "Pty",
    "PLC", "Plc", "plc", "LLC", "LLP", "LP", "L.P", "AG & Co. KGaA", "SE & Co. KGaA", "KGaA", "GmbH", "AG",
    "SE", "S.A.B. de C.V", "SAB de CV", "S.A", "SA/NV", "SA", "S.p.A", "SpA", "S.r.l", "N.V", "NV", "B.V", "BV",
    "A/S", "AS", "ASA", "AB", "Oyj", "Oy", "OJSC", "PJSC", "JSC", "OAO", "PAO", "Bhd", "Berhad", "Sdn Bhd",
    "Tbk", "K.K", "KK", "SpA", "S.A.S", "SAS", "SARL", "SCA", "P.L.C", "ApS", "hf", "Saog", "PSC", "QPSC",
    "KSC", "KSCP", "BSC", "SAE", "S.A.E", "Pcl", "PCL", "Nyrt", "a.s", "d.d", "Tbk PT", "C.A", "Co., Ltd",
    "A.S",
)  # fmt: skip

_FORM = "|".join(sorted({re.escape(f).replace(r"\ ", r"[\s.,]+") for f in LEGAL_FORMS}, key=len, reverse=True))
# A legal form at the end of a registered name, whatever its case there.
_TRAILING_FORM = re.compile(rf"(?:[\s,.]+(?:and|&))?[\s,.]+(?:{_FORM})\.?$", re.IGNORECASE)
# A legal form right after a name in running text, exact about case: "Apple Inc.", "Gazprom PJSC".
LEGAL_FORM_AFTER = re.compile(rf",?[ \u00a0](?:{_FORM}|\(Pvt\)\.? Ltd)(?:\.(?!\w))?(?!\w)")

_STATE = re.compile(r"\s*/\s*(?:[A-Z]{2,3}|NEW|CAN|ADR|FI|UK|FL|DEL|[A-Z][a-z]+)\s*/?\s*$", re.IGNORECASE)
_LISTING_NOISE = re.compile(
    r"\s*(?:\(.*\)|[-–]\s*(?:ADR|GDR)|(?:Sponsored )?(?:ADR|ADS|GDR|ADRs)\b.*|Depositary [Rr]eceipts?.*|American Depositary.*"
    r"|(?:Class|Cl\.?|Series) [A-Z]\b.*|(?:Common|Ordinary|Ord|Pref(?:erred|erence)?|Registered|Bearer) (?:Shares?|Stock|Units?)\b.*"
    r"|Common [Ss]hares.*|Ordinary Share.*|- New|\bser\. [A-Z]\b.*)\s*$",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^(?:PT\.?|PAO|OAO|PJSC|JSC|OJSC|Public Joint[- ]Stock Company)\s+", re.IGNORECASE)
_LOOSE = re.compile(
    r"[\s,]+(?:Group|Holdings?|Groupe|Gruppe|Grupo|Group Holdings?|Holdings? Group|Konzern)$", re.IGNORECASE
)
# What a company makes or is, at the end of its registered name: news leaves it out ("Akamai Technologies").
_DESCRIPTOR = re.compile(
    r"[\s,]+(?:Technology|Technologies|Tech|Pharmaceuticals?|Pharma|Therapeutics|Biosciences?|Biotech|Biologics|Medical|Healthcare"
    r"|Bancorp|Bancshares|BancShares|Bankshares|Financial|Industries|International|Intl|Energy|Motors?|Electronics?|Networks?"
    r"|Systems|Software|Brands|Foods?|Airlines|Entertainment|Resorts|Interactive|Communications?|Telecommunications?|Labs|Laboratories"
    r"|Semiconductors?|Solutions|Services|Global|Worldwide|Enterprises?|Automotive|Petroleum|Resources|Materials|Chemicals?"
    r"|Insurance|Securities|Properties|Realty|Logistics|Retail|Stores|Media|Digital|Online|Platforms|Robotics|Aerospace|Shipping)$"
)
_SPACES = re.compile(r"\s+")
_NON_WORD = re.compile(r"[^\w]+")
_SMALL = frozenset(
    {
        "of",
        "and",
        "the",
        "for",
        "de",
        "du",
        "des",
        "la",
        "le",
        "di",
        "del",
        "da",
        "do",
        "und",
        "y",
        "e",
        "in",
        "on",
        "at",
    }
)
_KEEP_UPPER = re.compile(r"^(?:[^AEIOUY]+|[A-Z]{1,2}|[A-Z]&[A-Z]|I{1,3}|USA|US|UK|ETF|AI|IT|3M)$")


def strip_legal_form(name: str) -> str:
    """``name`` without its legal form, share class, depositary and state notes: "PROGRESSIVE CORP/OH/" gives
    "PROGRESSIVE". Never empty where ``name`` is not."""
    name = _SPACES.sub(" ", name).strip()
    short = name
    while True:
        before = short
        short = _LISTING_NOISE.sub("", _STATE.sub("", short)) or short
        short = _TRAILING_FORM.sub("", short) or short
        short = _LEADING.sub("", short) or short
        short = short.rstrip(" ,.-–&/")
        if short == before:
            break
    return short or name


def strip_group(name: str) -> str:
    """``name`` without a trailing "Group" or "Holdings"; ``name`` itself where nothing is left."""
    short = name
    while (shorter := _LOOSE.sub("", short)) != short and shorter:
        short = shorter
    return short


def strip_descriptor(name: str) -> str:
    """``name`` without one trailing word for what the company does: "Akamai Technologies" gives "Akamai"."""
    return _DESCRIPTOR.sub("", name) or name


def title_case(name: str) -> str:
    """Registers write "AMPHENOL CORP": gives "Amphenol Corp". Names in mixed case are returned as they are."""
    if name != name.upper():
        return name
    words = []
    for number, word in enumerate(name.split(" ")):
        if number and word.lower() in _SMALL:
            words.append(word.lower())
        elif _KEEP_UPPER.match(word):
            words.append(word)
        else:
            words.append("-".join(part[:1].upper() + part[1:].lower() for part in word.split("-")))
    return " ".join(words)


def plain(text: str) -> str:
    """``text`` without accents: "Nestlé" gives "Nestle"."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def key(name: str) -> str:
    """The form under which two names are the same: no accents, case, punctuation or legal form."""
    return " ".join(_NON_WORD.sub(" ", plain(strip_legal_form(name)).lower().replace("&", " and ")).split())


def slug(name: str) -> str:
    """A key for the registry: ``a-z0-9`` and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", plain(name).lower().replace("&", " and ")).strip("-")
