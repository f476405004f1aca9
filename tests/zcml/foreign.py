"""
The directives of somebody else, as another package would have them: neutral, and recorded.

`META` declares them; `done` is what their actions did, and `heard` what their handlers were told while reading.
"""

from zope.configuration.config import GroupingContextDecorator
from zope.configuration.fields import Bool, GlobalObject, MessageID, Path, PythonIdentifier, Tokens
from zope.configuration.interfaces import IConfigurationContext
from zope.interface import Interface, implementer
from zope.schema import Choice, Int, TextLine

done = []
heard = []
URI = "urn:foreign"

META = f"""
<meta:directives xmlns:meta="http://namespaces.zope.org/meta" namespace="{URI}">
  <meta:directive name="note" schema="foreign.INote" handler="foreign.note">Documentation is text.</meta:directive>
  <meta:directive name="fields" schema="foreign.IFields" handler="foreign.hear"/>
  <meta:directive name="any" schema="foreign.IAny" handler="foreign.hear"/>
  <meta:directive name="returns" schema="foreign.INote" handler="foreign.returns"/>
  <meta:directive name="raises" schema="foreign.INote" handler="foreign.raises"/>
  <meta:directive name="fails" schema="foreign.INote" handler="foreign.fails"/>
  <meta:groupingDirective name="group" schema="foreign.IGroup" handler="foreign.Group"/>
  <meta:directive name="inside" schema="foreign.INote" handler="foreign.note" usedIn="foreign.IInGroup"/>
  <meta:complexDirective name="menu" schema="foreign.INote" handler="foreign.Menu">
    <meta:subdirective name="item" schema="foreign.INote"/>
  </meta:complexDirective>
</meta:directives>
"""

HEAD = (
    f'<configure xmlns="{URI}" xmlns:f="{URI}" xmlns:a="http://namespaces.assetzcml.org/assets"'
    ' xmlns:zcml="http://namespaces.zope.org/zcml" xmlns:meta="http://namespaces.zope.org/meta">'
)


def document(body, meta=META):
    """A file whose default namespace is that of the foreign directives: *body* begins on line 3."""
    return f"{HEAD}{' '.join(meta.split())}\n\n{body}\n</configure>\n"


class INote(Interface):
    key = TextLine(title="Key", required=False)
    value = TextLine(title="Value", required=False)
    order = Int(title="Order", required=False, min=-100)


def note(_context, key=None, value="", order=0):
    heard.append((key, value, _context.info))
    discriminator = ("note", key) if key else None
    _context.action(discriminator, done.append, (value,), order=order)


class IFields(Interface):
    words = Tokens(title="Words", value_type=TextLine(), required=False)
    numbers = Tokens(title="Numbers", value_type=Int(min=0), required=False)
    thing = GlobalObject(title="Thing", required=False)
    things = Tokens(title="Things", value_type=GlobalObject(), required=False)
    path = Path(title="Path", required=False)
    label = MessageID(title="Label", required=False)
    yes = Bool(title="Yes", required=False)
    count = Int(title="How many", required=True, default=3, min=1, max=5)
    identifier = PythonIdentifier(title="Identifier", required=False)
    color = Choice(title="Color", values=("red", "green"), required=False)
    class_ = GlobalObject(title="Class", required=False)
    never = TextLine(title="Never", default="default", required=False)


class IAny(Interface):
    known = TextLine(title="Known", required=False)


IAny.setTaggedValue("keyword_arguments", True)


def hear(_context, **arguments):
    heard.append(arguments)


def returns(_context, key=None, value="", order=0):
    return [
        (("returned", key), done.append, (f"{value} as a tuple",)),
        {"discriminator": None, "callable": done.append, "args": (f"{value} as a dictionary",)},
    ]


class Mishap(Exception):
    """What somebody's code raises."""


def raises(_context, **arguments):
    raise Mishap("while reading")


def fails(_context, **arguments):
    _context.action(None, _fail)


def _fail():
    raise Mishap("while executing")


class IGroup(Interface):
    prefix = TextLine(title="Prefix", required=False)
    # Names that a machine of ours could have wanted for itself.
    load = TextLine(title="Load", required=False)
    plan = TextLine(title="Plan", required=False)
    place = TextLine(title="Place", required=False)
    registry = TextLine(title="Registry", required=False)
    settings = TextLine(title="Settings", required=False)
    record = TextLine(title="Record", required=False)


class IInGroup(IConfigurationContext):
    """The inside of a group."""


@implementer(IInGroup)
class Group(GroupingContextDecorator):
    prefix = ""

    def before(self):
        heard.append(("before", self.prefix))
        return [(None, done.append, (f"before {self.prefix}",))]

    def after(self):
        heard.append(("after", self.prefix))
        return [{"discriminator": None, "callable": done.append, "args": (f"after {self.prefix}",)}]


class Menu:
    def __init__(self, _context, key=None, value="", order=0):
        self.items = []
        self.value = value

    def item(self, _context, key=None, value="", order=0):
        self.items.append(value)
        return [(None, done.append, (f"item {value}",))]

    def __call__(self):
        return [(("menu", self.value), done.append, (f"menu {self.value}: {' '.join(self.items)}",))]


class Plain:
    """A complex directive without subdirectives whose handler is not called at its end."""

    def __init__(self, _context, key=None, value="", order=0):
        heard.append(("plain", value))
