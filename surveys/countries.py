"""Countries and territories: ISO 3166-1 names and codes, with the regions of the UN's M49 standard.

Antarctica is left out: it has no M49 region, and nobody has it as a country of birth or residence.
Taiwan, which M49 does not list, stands with its neighbours in Eastern Asia.
"""

from __future__ import annotations

import gettext
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pycountry

from .declined import DECLINED

# M49 region and sub-region, and the countries in it.
_SUBREGIONS: dict[tuple[str, str], str] = {
    ("Africa", "Northern Africa"): "DZA EGY ESH LBY MAR SDN TUN",
    ("Africa", "Sub-Saharan Africa"): (
        "AGO ATF BDI BEN BFA BWA CAF CIV CMR COD COG COM CPV DJI ERI ETH GAB GHA GIN GMB GNB GNQ IOT KEN "
        "LBR LSO MDG MLI MOZ MRT MUS MWI MYT NAM NER NGA REU RWA SEN SHN SLE SOM SSD STP SWZ SYC TCD TGO "
        "TZA UGA ZAF ZMB ZWE"
    ),
    ("Americas", "Latin America and the Caribbean"): (
        "ABW AIA ARG ATG BES BHS BLM BLZ BOL BRA BRB BVT CHL COL CRI CUB CUW CYM DMA DOM ECU FLK GLP GRD "
        "GTM GUF GUY HND HTI JAM KNA LCA MAF MEX MSR MTQ NIC PAN PER PRI PRY SGS SLV SUR SXM TCA TTO URY "
        "VCT VEN VGB VIR"
    ),
    ("Americas", "Northern America"): "BMU CAN GRL SPM USA",
    ("Asia", "Central Asia"): "KAZ KGZ TJK TKM UZB",
    ("Asia", "Eastern Asia"): "CHN HKG JPN KOR MAC MNG PRK TWN",
    ("Asia", "South-eastern Asia"): "BRN IDN KHM LAO MMR MYS PHL SGP THA TLS VNM",
    ("Asia", "Southern Asia"): "AFG BGD BTN IND IRN LKA MDV NPL PAK",
    ("Asia", "Western Asia"): "ARE ARM AZE BHR CYP GEO IRQ ISR JOR KWT LBN OMN PSE QAT SAU SYR TUR YEM",
    ("Europe", "Eastern Europe"): "BGR BLR CZE HUN MDA POL ROU RUS SVK UKR",
    ("Europe", "Northern Europe"): "ALA DNK EST FIN FRO GBR GGY IMN IRL ISL JEY LTU LVA NOR SJM SWE",
    ("Europe", "Southern Europe"): "ALB AND BIH ESP GIB GRC HRV ITA MKD MLT MNE PRT SMR SRB SVN VAT",
    ("Europe", "Western Europe"): "AUT BEL CHE DEU FRA LIE LUX MCO NLD",
    ("Oceania", "Australia and New Zealand"): "AUS CCK CXR HMD NFK NZL",
    ("Oceania", "Melanesia"): "FJI NCL PNG SLB VUT",
    ("Oceania", "Micronesia"): "FSM GUM KIR MHL MNP NRU PLW UMI",
    ("Oceania", "Polynesia"): "ASM COK NIU PCN PYF TKL TON TUV WLF WSM",
}

# ISO writes these names for sorting or for treaties; people look for them under another word.
_NAMES = {
    "BES": "Bonaire, Sint Eustatius and Saba",
    "BRN": "Brunei",
    "COD": "Democratic Republic of the Congo",
    "COG": "Republic of the Congo",
    "FLK": "Falkland Islands",
    "FSM": "Micronesia",
    "MAF": "Saint Martin (French part)",
    "PSE": "Palestine",
    "RUS": "Russia",
    "SHN": "Saint Helena, Ascension and Tristan da Cunha",
    "SXM": "Sint Maarten (Dutch part)",
    "VAT": "Vatican City",
    "VGB": "British Virgin Islands",
    "VIR": "United States Virgin Islands",
}

# PRISM's groups that are not an M49 region, from the most to the least specific.
_SPECIAL_COUNTRIES = {"USA": "US", "GBR": "UK"}
_SPECIAL_SUBREGIONS = {
    "Latin America and the Caribbean": "Latin America and the Caribbean",
    "Northern America": "Northern America",
    "Western Asia": "Middle East",
    "Australia and New Zealand": "Australia and New Zealand",
}


@dataclass(frozen=True)
class Country:
    name: str
    alpha3: str
    region: str
    subregion: str


@cache
def countries(language: str = "en") -> tuple[Country, ...]:
    """All countries, named in a language (English where ISO's names have no translation), in the order of
    their names, accents aside."""
    named = (replace(country, name=_translated(country, language)) for country in _by_code().values())
    return tuple(sorted(named, key=lambda country: _plain_letters(country.name)))


def country(alpha3: str) -> Country:
    """Raises KeyError for a code that is not in the list."""
    return _by_code()[alpha3]


def special_region(birth_alpha3: str) -> str:
    """PRISM's region of a country of birth: the US and UK alone, then sub-regions it reports apart, else the
    M49 region. A declined answer stays as it is. Raises KeyError for an unknown code."""
    if birth_alpha3 == DECLINED:
        return DECLINED
    born = country(birth_alpha3)
    return _SPECIAL_COUNTRIES.get(born.alpha3) or _SPECIAL_SUBREGIONS.get(born.subregion) or born.region


@cache
def _by_code() -> dict[str, Country]:
    return {
        alpha3: Country(_name(alpha3), alpha3, region, subregion)
        for (region, subregion), codes in _SUBREGIONS.items()
        for alpha3 in codes.split()
    }


def _name(alpha3: str) -> str:
    listed: Any = pycountry.countries.get(alpha_3=alpha3)
    return _NAMES.get(alpha3) or str(getattr(listed, "common_name", listed.name))


def _translated(country: Country, language: str) -> str:
    codes = [language.replace("-", "_"), language.partition("-")[0]]
    catalogue = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, codes, fallback=True)
    listed: Any = pycountry.countries.get(alpha_3=country.alpha3)
    said = (catalogue.gettext(name) for name in (country.name, listed.name))
    return next((name for name in said if name not in {country.name, listed.name}), country.name)


def _plain_letters(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()
