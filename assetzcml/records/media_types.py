"""
The media types of assets, by their names.

The table is assetzcml's own and frozen: what a browser is told depends neither on the system's files and registry
nor on the version of Python, as it would with the module mimetypes. Types are those of the IANA registry
(https://www.iana.org/assignments/media-types); where there is none, what browsers and nginx use.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

# What a client may only store: it is never run or shown under "nosniff".
DEFAULT = "application/octet-stream"

# Media type, then the extensions it has.
_TABLE = """
# text
text/html                                     html htm shtml
text/css                                      css
text/javascript                               js mjs cjs
text/plain                                    txt text log ini conf cfg asc diff patch less sass scss styl
text/markdown                                 md markdown
text/csv                                      csv
text/tab-separated-values                     tsv
text/calendar                                 ics ifb
text/vcard                                    vcf vcard
text/vtt                                      vtt
text/cache-manifest                           appcache
text/x-component                              htc
text/rtf                                      rtf
text/troff                                    man
text/vnd.graphviz                             gv
text/wgsl                                     wgsl
text/turtle                                   ttl
text/n3                                       n3
text/jsx                                      jsx
text/mdx                                      mdx

# JSON; source maps are JSON (ECMA-426)
application/json                              json map har topojson
application/manifest+json                     webmanifest
application/ld+json                           jsonld
application/geo+json                          geojson
application/feed+json                         jsonfeed
application/schema+json                       jsonschema
application/importmap+json                    importmap
application/speculationrules+json             speculationrules
application/jsonl                             jsonl ndjson
application/json5                             json5

# XML says its encoding itself, so these have no charset
application/xml                               xml xsd xsl rng
application/xslt+xml                          xslt
application/xhtml+xml                         xhtml xht
application/xml-dtd                           dtd
application/rss+xml                           rss
application/atom+xml                          atom
application/rdf+xml                           rdf
application/opensearchdescription+xml         osdx
application/xspf+xml                          xspf
application/ttml+xml                          ttml
application/gpx+xml                           gpx
application/vnd.google-earth.kml+xml          kml
application/vnd.google-earth.kmz              kmz
application/dash+xml                          mpd
application/mathml+xml                        mathml mml
application/smil+xml                          smil smi
application/yaml                              yaml yml
application/toml                              toml
application/n-triples                         nt
application/n-quads                           nq
application/trig                              trig

# images
image/svg+xml                                 svg
image/png                                     png
image/apng                                    apng
image/jpeg                                    jpg jpeg jpe jfif pjpeg pjp
image/gif                                     gif
image/webp                                    webp
image/avif                                    avif
image/avif-sequence                           avifs
image/jxl                                     jxl
image/heic                                    heic
image/heif                                    heif
image/heic-sequence                           heics
image/heif-sequence                           heifs
image/fits                                    fits fit
image/vnd.microsoft.icon                      ico cur
image/bmp                                     bmp dib
image/tiff                                    tif tiff
image/jp2                                     jp2 jpg2
image/jpx                                     jpx jpf
image/ktx                                     ktx
image/ktx2                                    ktx2
image/x-icns                                  icns
image/vnd.adobe.photoshop                     psd
image/vnd.djvu                                djvu djv
image/vnd.radiance                            hdr
image/aces                                    exr
image/vnd-ms.dds                              dds
image/x-tga                                   tga
image/x-portable-anymap                       pnm
image/x-portable-bitmap                       pbm
image/x-portable-graymap                      pgm
image/x-portable-pixmap                       ppm
image/qoi                                     qoi
image/wmf                                     wmf
image/emf                                     emf

# fonts (RFC 8081)
font/woff2                                    woff2
font/woff                                     woff
font/ttf                                      ttf
font/otf                                      otf
font/collection                               ttc otc
application/vnd.ms-fontobject                 eot

# audio
audio/mpeg                                    mp3 mp2 mpga
audio/mp4                                     m4a m4b
audio/aac                                     aac adts
audio/ogg                                     oga ogg opus spx
audio/flac                                    flac
audio/wav                                     wav
audio/webm                                    weba
audio/midi                                    mid midi kar
audio/aiff                                    aif aiff aifc
audio/basic                                   au snd
audio/matroska                                mka
audio/amr                                     amr
audio/3gpp2                                   3ga
audio/x-caf                                   caf
audio/x-ms-wma                                wma
audio/mpegurl                                 m3u

# video; '.ts' is a segment of an HLS stream (RFC 8216), TypeScript is not an asset
video/mp4                                     mp4 m4v mp4v
video/iso.segment                             m4s cmfv cmfa
video/webm                                    webm
video/lottie+json                             lot
application/zip+dotlottie                     lottie
video/ogg                                     ogv
video/mpeg                                    mpg mpeg mpe m1v m2v
video/mp2t                                    ts m2ts mts
video/quicktime                               mov qt
video/matroska                                mkv
video/matroska-3d                             mk3d
video/3gpp                                    3gp 3gpp
video/3gpp2                                   3g2
video/x-msvideo                               avi
video/x-ms-wmv                                wmv
video/x-ms-asf                                asf asx
video/x-flv                                   flv
application/ogg                               ogx
application/vnd.apple.mpegurl                 m3u8
application/x-subrip                          srt

# documents
application/pdf                               pdf
application/postscript                        ps eps ai
application/epub+zip                          epub
application/x-mobipocket-ebook                mobi prc
application/msword                            doc dot
application/vnd.openxmlformats-officedocument.wordprocessingml.document        docx
application/vnd.openxmlformats-officedocument.wordprocessingml.template        dotx
application/vnd.ms-excel                      xls xlt
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet              xlsx
application/vnd.openxmlformats-officedocument.spreadsheetml.template           xltx
application/vnd.ms-powerpoint                 ppt pot pps
application/vnd.openxmlformats-officedocument.presentationml.presentation      pptx
application/vnd.openxmlformats-officedocument.presentationml.slideshow         ppsx
application/vnd.openxmlformats-officedocument.presentationml.template          potx
application/vnd.oasis.opendocument.text       odt
application/vnd.oasis.opendocument.spreadsheet         ods
application/vnd.oasis.opendocument.presentation        odp
application/vnd.oasis.opendocument.graphics   odg
application/vnd.visio                         vsd
application/x-tex                             tex
application/x-bibtex                          bib

# 3D models
model/gltf+json                               gltf
model/gltf-binary                             glb
model/obj                                     obj
model/mtl                                     mtl
model/stl                                     stl
model/3mf                                     3mf
model/vnd.usdz+zip                            usdz
model/vnd.usda                                usda
model/vnd.collada+xml                         dae
model/x3d+xml                                 x3d
model/vrml                                    wrl vrml
model/step                                    step stp
model/iges                                    igs iges

# programs and data
application/wasm                              wasm
application/java-archive                      jar
application/vnd.android.package-archive       apk
application/vnd.apple.installer+xml           mpkg
application/x-apple-diskimage                 dmg
application/x-xpinstall                       xpi
application/x-chrome-extension                crx
application/vnd.debian.binary-package         deb
application/x-rpm                             rpm
application/x-shockwave-flash                 swf
application/sql                               sql
application/vnd.sqlite3                       sqlite sqlite3
application/vnd.apache.parquet                parquet
application/vnd.apache.arrow.file             arrow
application/vnd.mapbox-vector-tile            mvt pbf
application/vnd.pmtiles                       pmtiles
application/graphql                           graphql gql
application/cbor                              cbor
application/vnd.msgpack                       msgpack
application/webbundle                         wbn
application/x-bittorrent                      torrent

# certificates and keys that are meant for the public
application/pkix-cert                         cer crt
application/pkix-crl                          crl
application/x-pem-file                        pem
application/pgp-signature                     sig
application/vnd.apple.pkpass                  pkpass

# archives; '.svgz' is told as what its bytes are, since nothing adds the Content-Encoding that SVG would need
application/zip                               zip
application/gzip                              gz tgz svgz
application/zstd                              zst
application/x-bzip2                           bz2 tbz2
application/x-xz                              xz txz
application/x-tar                             tar
application/x-7z-compressed                   7z
application/vnd.rar                           rar
"""

# Whole names, of files that a reader knows by their names.
_NAMES = {
    # https://developer.apple.com/documentation/xcode/supporting-associated-domains
    "apple-app-site-association": "application/json",
    # WhiteNoise and Adobe's cross-domain policy file specification
    "crossdomain.xml": "text/x-cross-domain-policy",
    # licences and the like, which a reader wants to see and not to store
    "authors": "text/plain",
    "changelog": "text/plain",
    "copying": "text/plain",
    "license": "text/plain",
    "notice": "text/plain",
    "readme": "text/plain",
}


def _is_utf8(media_type: str) -> bool:
    """Whether the charset is said too: text, scripts, JSON and SVG are UTF-8 (RFC 8259, 8.1; RFC 9239, 4.1)."""
    return media_type.startswith("text/") or media_type == "image/svg+xml" or media_type.endswith(("/json", "+json"))


def _with_charset(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if _is_utf8(media_type) else media_type


def _table() -> dict[str, str]:
    lines = (line.split() for line in _TABLE.splitlines() if line and not line.startswith("#"))
    return {extension: _with_charset(media_type) for media_type, *extensions in lines for extension in extensions}


# Extension, in lower case and without its dot, to the value of Content-Type.
CONTENT_TYPES: Mapping[str, str] = MappingProxyType(_table())

# Name, in lower case, to the value of Content-Type; asked before the extension.
NAMED_CONTENT_TYPES: Mapping[str, str] = MappingProxyType(
    {name: _with_charset(media_type) for name, media_type in _NAMES.items()}
)


def declared_type(text: str) -> str:
    """
    The value of Content-Type for a media type that an author declares: with the charset of the table's own rule, unless
    it has parameters. Raises ValueError where it is none (RFC 9110, 8.3.1).

    >>> declared_type("text/x-shader"), declared_type("application/x-rive")
    ('text/x-shader; charset=utf-8', 'application/x-rive')
    """
    if not isinstance(text, str) or not _MEDIA_TYPE(text):
        raise ValueError(f"{text!r} is not a media type; one such as 'application/octet-stream' was expected")
    return text if ";" in text else _with_charset(text)


def declared_extension(text: str) -> str:
    """
    An extension that an author declares a type for, in lower case. Raises ValueError.

    >>> declared_extension("RIV")
    'riv'
    """
    if isinstance(text, str) and text.startswith(".") and _EXTENSION(text[1:]):
        raise ValueError(f"{text!r} begins with a dot; write {text[1:]!r}")
    if isinstance(text, str) and "." in text:
        raise ValueError(f"{text!r} is not an extension: only the last one of a name counts, so it holds no dot")
    if not isinstance(text, str) or not _EXTENSION(text):
        raise ValueError(f"{text!r} is not the extension of a name; one such as 'riv' was expected")
    return text.lower()


_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_MEDIA_TYPE = re.compile(
    rf'{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*{_TOKEN}=(?:{_TOKEN}|"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t -~])*"))*'
).fullmatch
_EXTENSION = re.compile(r"[^\s./\\:\x00-\x1f\x7f]{1,64}").fullmatch

_NONE: Mapping[str, str] = MappingProxyType({})


def content_type(name: str, declared: Mapping[str, str] = _NONE) -> str:
    """
    The value of Content-Type for the asset of that name, whatever its coding: of 'app.js', never of 'app.js.br'.

    Only the last name of a path counts, and only its last extension; case does not matter. *declared* types, by
    extension, go before the table. DEFAULT when it knows neither.

    >>> content_type("css/Main.CSS")
    'text/css; charset=utf-8'
    >>> content_type("data.unknown")
    'application/octet-stream'
    """
    name = name.rpartition("/")[2].lower()
    _, dot, extension = name.rpartition(".")
    if dot and extension in declared:
        return declared[extension]
    if name in NAMED_CONTENT_TYPES:
        return NAMED_CONTENT_TYPES[name]
    return CONTENT_TYPES.get(extension, DEFAULT) if dot else DEFAULT
