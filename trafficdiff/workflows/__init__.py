"""One module a command: the only place where steps meet.

::

    build    OSM ─▶ built directory
    sample   network ─▶ trips
    run      scenario ─▶ roads ─▶ demand ─▶ simulation ─▶ metrics ─▶ run directory
    export   run directory ─▶ tables by edge and street
    evaluate real and generated trips ─▶ table of realism, beside the baselines
    demo     run, on the city that travels with the package
    init     place ─▶ scenario file
    doctor   machine ─▶ what is missing
"""
