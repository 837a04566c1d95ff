"""Gates: the devices that let people in, made, listed and ended."""
