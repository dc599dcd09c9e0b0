"""The learner's JupyterLab: it stays on this machine, says little, and answers at once."""

from pathlib import Path

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class AtOnce(ZMQChannelsWebsocketConnection):
    """Sends small messages at once. Otherwise some wait 40 ms for others, and a lab lags."""

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c = get_config()  # noqa: F821  (Jupyter brings it)
c.ServerApp.kernel_websocket_connection_class = AtOnce
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port_retries = 0  # run.py has found a free one
c.ServerApp.allow_root = True
c.KernelManager.transport_encryption = "auto"  # otherwise each kernel prints a warning
c.TemplateExporter.extra_template_basedirs = [str(Path(__file__).parent / "nbconvert")]
c.HTMLExporter.template_name = "export"  # what "Save and Export Notebook As, HTML" makes
