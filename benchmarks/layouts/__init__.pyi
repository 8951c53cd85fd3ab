from .aircraft import Aircraft as Aircraft
from .cars import Cars as Cars
from .cub import Cub as Cub
from .flowers import Flowers as Flowers
from .layout import Layout as Layout
from .mini import MINI as MINI, MINI_CLASSES as MINI_CLASSES, MiniSet as MiniSet, generate as generate
from .pets import Pets as Pets
