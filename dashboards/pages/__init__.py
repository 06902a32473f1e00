"""Hold one file a page: ``PAGE`` says where it stands, ``show`` draws it; no page imports another."""
