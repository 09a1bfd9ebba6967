"""`kith describe`: trying out the server that describes what is in front."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from kith.cli.base import models_option, settings_of


@click.command()
@click.argument("picture", type=click.Path(path_type=Path))
@click.option("--url", help="Of the server's API, in the place of `scene.url`.")
@click.option("--model", help="As the server names it, in the place of `scene.model`.")
@click.option(
    "--sent",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the very JPEG that leaves this device, to see what the server is shown.",
)
@models_option
@click.pass_context
def describe(
    ctx: click.Context,
    picture: Path,
    url: str | None,
    model: str | None,
    sent: Path | None,
    models: Path | None,
) -> None:
    """Have PICTURE described by the server of the settings, as the wearer would hear it.

    The picture is sent to that server, and nothing to anybody else. Every face in it is covered, since nobody
    is known here, unless `scene.show_strangers` is set. The exit status is 0 when all was told, else 1.

    A server at home: any that speaks the OpenAI-compatible chat protocol and can look at pictures. On a
    computer at home for instance one of these, with a vision-language model of your choice:

    \b
      llama-server -m MODEL.gguf --mmproj MMPROJ.gguf --host 0.0.0.0 --port 8080 --temp 0.2
      OLLAMA_HOST=0.0.0.0 ollama serve        (then: ollama pull MODEL)

    \b
    Then the settings of the device, /etc/kith/kith.toml:
      [scene]
      enabled = true
      url = "http://192.168.1.20:8080/v1"      Ollama: port 11434
      model = ""                               Ollama: must be the MODEL that was pulled

    Over plain HTTP pictures go to addresses of a home network alone, and whoever is in that network can read
    them; elsewhere the address must begin with https. Where the server wants a key (llama-server --api-key),
    put it into a file, `chmod 600` it, and name the file in `key_file`.

    \b
    Examples:
      kith describe hall.jpg
      kith describe hall.jpg --url http://192.168.1.20:8080/v1 --sent what-was-sent.jpg
    """
    from kith.app.describe import describe as describe_picture
    from kith.ports import NarrationEnd

    settings = settings_of(ctx)
    scene = dataclasses.replace(
        settings.scene, url=url or settings.scene.url, model=model or settings.scene.model
    )
    settings = dataclasses.replace(settings, scene=scene)
    done = describe_picture(picture, settings, models, sent=sent, tell=click.echo)
    if done.first_s is not None:
        click.echo(f"first sentence after {done.first_s:.1f} s, all after {done.whole_s:.1f} s", err=True)
    click.echo(f"faces that were covered: {done.covered}", err=True)
    if done.end is not NarrationEnd.DONE:
        ctx.exit(1)
