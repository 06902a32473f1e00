"""Count what draws people: points of interest of OSM files, in 34 stable categories.

The categories are those of the US commuting corpus of Rong et al. (NeurIPS 2024, "A Large-scale Benchmark Dataset
for Commuting Origin-destination Matrix Generation"), so that a model trained there finds the same columns in any
city. The corpus names its categories and does not publish the tags behind them, so the tags here are a judgement:

- a category that bears the name of an OSM value is that value (``cafe``, ``pub``, ``marketplace``, ``recycling``);
- the others take the values of the OSM wiki's "Map features" groups of the same name (``amenity`` has the groups
  sustenance, education, transportation, financial, healthcare, entertainment, public service, facilities, waste);
- what was left open was settled by the corpus' totals, country-wide and for two places with an extract at hand
  (Baltimore, Harrisburg): a part of a city cannot hold more than the city. ``service`` is so large that it must hold
  the car parks, ``public_transport`` counts platforms and stop positions beside bus stops, ``commodity`` is as
  frequent as supermarkets, department stores and variety stores together, ``retail`` as shopping malls, and
  ``residential`` cannot hold plain residential buildings;
- shops that fit nowhere (electronics, books, toys, furniture) are left out: with them ``retail`` is too large;
- ``sport``, ``office`` and ``tourism`` are zero throughout the corpus; here they are counted from the keys of the same
  name, and a model trained on the corpus must mask them.

Counts depend on how thoroughly a place is mapped: compare shares or logarithms between cities, not raw counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.roads.surroundings import Bounds, Found, in_box, read_surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

__all__ = ["POI_CATEGORIES", "category_of", "points_of_interest"]

_TAGS: Final[dict[str, dict[str, str]]] = {
    "finance": {"amenity": "bank atm bureau_de_change money_transfer payment_centre", "office": "financial insurance"},
    "public": {
        "amenity": "bench bbq clock drinking_water fountain give_box hunting_stand letter_box lounger parcel_locker "
        "post_box public_bookcase shelter shower telephone toilets waste_basket water_point watering_place",
    },
    "transport": {
        "amenity": "bicycle_parking bicycle_rental bicycle_repair_station boat_rental boat_sharing car_rental "
        "car_sharing charging_station ferry_terminal kick-scooter_rental motorcycle_parking motorcycle_rental taxi",
    },
    "entertainment": {
        "amenity": "arts_centre brothel casino cinema community_centre conference_centre events_venue "
        "exhibition_centre gambling music_venue nightclub planetarium social_centre stage stripclub studio theatre",
        "leisure": "adult_gaming_centre amusement_arcade bowling_alley dance escape_game",
    },
    "health": {
        "amenity": "clinic dentist doctors hospital nursing_home pharmacy social_facility veterinary",
        "healthcare": "*",
    },
    "service": {
        "amenity": "car_wash compressed_air driver_training fuel internet_cafe parking parking_entrance parking_space "
        "vehicle_inspection vending_machine weighbridge",
    },
    "education": {
        "amenity": "college dancing_school driving_school language_school library music_school prep_school "
        "research_institute school toy_library training university",
    },
    "government": {
        "amenity": "courthouse embassy fire_station police post_depot post_office prison public_building "
        "ranger_station townhall",
        "office": "diplomatic government",
    },
    "religion": {"amenity": "funeral_hall grave_yard monastery place_of_mourning place_of_worship"},
    "accommodation": {
        "tourism": "alpine_hut apartment camp_site caravan_site chalet guest_house hostel hotel motel wilderness_hut",
    },
    "food": {
        "amenity": "bar biergarten food_court",
        "shop": "bakery beverages butcher cheese chocolate coffee confectionery dairy deli farm food frozen_food "
        "greengrocer health_food nuts pasta pastry seafood spices tea water wine",
    },
    "cafe": {"amenity": "cafe"},
    "fast_food": {"amenity": "fast_food"},
    "ice_cream": {"amenity": "ice_cream", "shop": "ice_cream"},
    "pub": {"amenity": "pub"},
    "restaurant": {"amenity": "restaurant"},
    "shop_beauty": {
        "shop": "beauty chemist cosmetics hairdresser hairdresser_supply hearing_aids massage medical_supply nails "
        "optician perfumery tattoo wigs",
    },
    "shop_clothes": {"shop": "clothes fabric fashion leather second_hand sewing shoe_repair shoes tailor wool"},
    "boutique": {"shop": "antiques art bag boutique collector fashion_accessories gift jewelry watches"},
    "shop_transport": {
        "shop": "bicycle boat car car_parts car_repair caravan fuel motorcycle motorcycle_repair scooter trailer "
        "truck tyres",
    },
    "retail": {"shop": "mall"},
    "commodity": {"shop": "department_store general supermarket variety_store wholesale"},
    "marketplace": {"amenity": "marketplace"},
    "home-improvement": {
        "shop": "bathroom_furnishing carpet curtain doityourself doors electrical energy fireplace flooring "
        "garden_centre glaziery hardware kitchen paint tiles trade window_blind",
    },
    "sport": {
        "leisure": "fitness_centre golf_course horse_riding ice_rink miniature_golf pitch sports_centre sports_hall "
        "stadium swimming_area swimming_pool track water_park",
    },
    "public_transport": {
        "amenity": "bus_station",
        "highway": "bus_stop",
        "public_transport": "platform station stop_position",
        "railway": "halt platform station subway_entrance tram_stop",
    },
    "kindergarten": {"amenity": "childcare kindergarten"},
    "office": {"office": "*", "amenity": "coworking_space"},
    "recycling": {"amenity": "recycling sanitary_dump_station waste_disposal waste_transfer_station"},
    "travel_agency": {"shop": "travel_agency", "office": "travel_agent"},
    "tourism": {
        "tourism": "aquarium artwork attraction gallery information museum picnic_site theme_park viewpoint zoo"
    },
    "shop_livelihood": {
        "shop": "alcohol bookmaker cannabis convenience copyshop dry_cleaning e-cigarette florist funeral_directors "
        "kiosk laundry locksmith lottery money_lender newsagent outpost pawnbroker pest_control pet pet_grooming "
        "stationery storage_rental ticket tobacco",
    },
    "residential": {"building": "apartments", "landuse": "residential"},
    "dormitory": {"amenity": "student_accommodation", "building": "dormitory"},
}
"""Values by category and key, parted by spaces; ``*`` takes every value that no other category names."""

POI_CATEGORIES: Final[tuple[str, ...]] = tuple(_TAGS)
"""The categories, in the order of the corpus' columns."""

_KEY_ORDER: Final = (
    "amenity", "shop", "tourism", "healthcare", "office", "leisure", "public_transport", "highway", "railway",
    "building", "landuse",
)  # fmt: skip
"""Which key decides where an object has several; what happens inside a building counts before its walls."""

_CATEGORY_OF_TAG: Final = {
    (key, value): category
    for category, keys in _TAGS.items()
    for key, values in keys.items()
    for value in values.split()
}
_EMPTY_VALUES: Final = frozenset({"no", "vacant", "disused", "abandoned", "closed"})


def points_of_interest(osm_files: Sequence[Path], *, bounds: Bounds | None = None) -> gpd.GeoDataFrame:
    """Return the points of interest of OSM files.

    Parameters and errors are those of `trafficdiff.roads.surroundings.read_surroundings`.

    Returns
    -------
    Points in lon / lat [WGS 84] with the columns ``osm_id`` (``n1``, ``w2``, ``r3``), ``category`` (one of
    `POI_CATEGORIES`), ``tag`` (the one that decided) and ``name``. Areas count once, by their centroid.
    """
    import geopandas as gpd
    import pandas as pd
    import shapely

    around = read_surroundings(osm_files, bounds=bounds)
    frames = [_frame(found, around.bounds) for found in (around.points, around.areas)]
    rows = pd.concat(frames, ignore_index=True)
    return gpd.GeoDataFrame(rows, geometry=shapely.centroid(rows["geometry"].to_numpy(object)), crs="EPSG:4326")


def category_of(tags: dict[str, str]) -> tuple[str, str] | None:
    """Return the category of an object and the tag that decided, or None if it is no point of interest."""
    for key in _KEY_ORDER:
        value = tags.get(key)
        if value is None or value in _EMPTY_VALUES:
            continue
        for part in value.split(";"):
            category = _CATEGORY_OF_TAG.get((key, part.strip())) or _CATEGORY_OF_TAG.get((key, "*"))
            if category is not None:
                return category, f"{key}={part.strip()}"
    return None


def _frame(found: Found, bounds: Bounds) -> pd.DataFrame:
    import pandas as pd

    decided = [(place, category_of(found.tags[place])) for place in np.flatnonzero(in_box(found, bounds)).tolist()]
    kept = [(place, answer) for place, answer in decided if answer is not None]
    return pd.DataFrame(
        {
            "osm_id": [found.osm_id[place] for place, _ in kept],
            "category": [category for _, (category, _) in kept],
            "tag": [tag for _, (_, tag) in kept],
            "name": [found.tags[place].get("name", "") for place, _ in kept],
            "geometry": found.geometry[[place for place, _ in kept]],
        }
    )
