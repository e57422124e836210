"""Run the command line as `python -m bulksend`."""

from bulksend.server.cli.main import main

main(prog_name="bulksend")
