"""Everything that makes the miniature: rendering the world, and the stages that learn from it."""
