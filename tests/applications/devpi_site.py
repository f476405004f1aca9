"""devpi-server with devpi-web: the skin is a plugin of devpi's, which includes assetzcml in the application."""

import subprocess
import sys
from pathlib import Path

from devpi_server.config import hookimpl, parseoptions
from devpi_server.main import get_pluginmanager, xom_from_config
from walking import from_webob, walk

subprocess.run([Path(sys.executable).with_name("devpi-init"), "--serverdir", "server"], check=True, capture_output=True)


class Skin:
    @hookimpl
    def devpiserver_pyramid_configure(self, config, pyramid_config):
        pyramid_config.include("assetzcml")
        pyramid_config.load_zcml("skin:configure.zcml")


plugins = get_pluginmanager()
plugins.register(Skin())
xom = xom_from_config(parseoptions(plugins, ["devpi-server", "--serverdir", "server", "--offline-mode"]))
walk(from_webob(xom.create_app(), HTTP_ACCEPT="text/html"), ["/", "/root/pypi", "/+status"], r"/style\.css")
