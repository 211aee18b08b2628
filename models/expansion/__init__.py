"""Who will set up somewhere else, and where? Learned from the branches that a register of enterprises holds."""
