"""OpenStreetMap or a SUMO net becomes a `RoadGraph`; import the modules.

::

    screen ─▶ extract ─▶ netconvert ─▶ netfile ─▶ tags, background, pois, buildings ─▶ build ─▶ load
                                          └─▶ zones, features, centrality, export
"""
