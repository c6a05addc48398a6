"""The saved queries and the recipe for analysts, over entry files that real runs wrote."""
