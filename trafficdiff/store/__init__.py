"""Write, verify and open one run directory; `docs/decisions/run-directory.md` draws it.

Callers import the modules: `content` (what a run holds), `writing`, `reading`, `provenance`, `validation`,
`status` (live progress, beside the directory).
"""
