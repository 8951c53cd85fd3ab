from .component_tree import best_fits as best_fits
