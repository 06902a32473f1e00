"""One module a command: the only place where steps meet.

::

    build    OSM ─▶ built directory
    sample   network ─▶ trips
    run      scenario ─▶ roads ─▶ demand ─▶ simulation ─▶ metrics ─▶ run directory
    demo     run, on the city that travels with the package
"""
