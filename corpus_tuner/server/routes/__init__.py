"""The routes, one file per thing that can be asked for."""
