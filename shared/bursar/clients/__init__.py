"""Files for those who call Bursar: each stands alone, to be copied beside their own code."""
