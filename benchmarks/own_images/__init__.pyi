from .survey import Survey as Survey, look as look
