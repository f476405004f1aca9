"""Run by PyInstaller where an application imports assetzcml: modules that are imported by name, and files that are read."""

from PyInstaller.utils.hooks import collect_data_files, collect_submodules

datas = collect_data_files("assetzcml")
# The integrations of frameworks that are not installed cannot be imported, and are not wanted.
hiddenimports = collect_submodules("assetzcml", on_error="ignore")
