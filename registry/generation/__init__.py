"""Images from diffusion models: seven seams that the synthesizer `generated` is composed of.

`seams` says what each kind of plugin does, and every folder holds the plugins of one kind. Files import diffusers, peft
and transformers inside functions only, so that suites are planned without them. `README.md` lists the plugins and says
which settings come from the papers.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
