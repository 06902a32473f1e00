"""What a study changes: measures as pure edits of roads, trips and control, declared weather, edge cases."""
