"""Every kind of finding: its code, how serious it is, what it is called, what to do, and who looks for it."""

from __future__ import annotations

from typing import NamedTuple

from assetzcml.reports import bundle_rules, outcomes, override_rules, page_rules, references, view_rules
from assetzcml.reports.remarks import Looked

__all__ = ["ERROR", "INFO", "RULES", "WARNING", "Rule"]

ERROR, WARNING, INFO = "error", "warning", "info"


class Rule(NamedTuple):
    """A kind of finding. *look* finds them in a registry; None where the load itself, or reading a file again, does."""

    code: str
    severity: str
    title: str
    fix: str
    look: Looked | None = None


RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        # Loading.
        Rule("A001", ERROR, "The configuration does not load", ""),
        Rule("A002", ERROR, "Two declarations of equal strength", "keep one, or make one stronger"),
        Rule("A003", WARNING, "The load warns", ""),
        Rule("A004", WARNING, "Text that is ignored", "put it into a comment"),
        Rule(
            "A005",
            WARNING,
            "A pattern that no file matches, or a group without plugins",
            "correct the pattern, or remove the include",
        ),
        Rule("A006", WARNING, "An include that closes a cycle", "remove the include"),
        Rule(
            "A007",
            WARNING,
            "An exclude without effect",
            "put it before the include, name a file that is included, or remove it",
        ),
        Rule(
            "A008",
            WARNING,
            "A file that one file includes twice",
            "remove the second include",
            override_rules.same_include_twice,
        ),
        Rule("A009", WARNING, "A deprecated name", "use the name that the warning recommends"),
        # Files.
        Rule(
            "A010",
            WARNING,
            "A comment that ignores what is no finding",
            "name a code of docs/checks.rst, or remove the comment",
        ),
        Rule("A011", INFO, "A comment that ignores nothing", "remove the code from the comment"),
        Rule("A012", INFO, "A namespace that is declared and not used", "remove the declaration"),
        Rule("A013", WARNING, "A namespace that is nearly another", "correct the namespace"),
        Rule(
            "A014",
            WARNING,
            "A conflict that a stronger declaration hides",
            "keep one of them",
            override_rules.hidden_conflict,
        ),
        Rule("A015", WARNING, "An override of a file that was read before", "include the file in one place only"),
        Rule("A016", ERROR, "A rule of another package that cannot be asked", "correct the rule, or its package"),
        Rule("A017", WARNING, "A plugin whose file has another name", "rename it if it is meant"),
        # Overrides.
        Rule("A020", WARNING, "An override whose source does not exist", "correct override_with, or make the file"),
        Rule(
            "A021",
            WARNING,
            "An override of what does not exist",
            "correct to_override; ignore it if a file is to be added",
            override_rules.overrides_nothing,
        ),
        Rule(
            "A022",
            WARNING,
            "An override whose source is empty",
            "put files into it, or remove the override",
            override_rules.covers_nothing,
        ),
        Rule(
            "A023",
            INFO,
            "An override that only adds",
            "give the files the names of those they are to replace",
            override_rules.replaces_nothing,
        ),
        Rule(
            "A024",
            WARNING,
            "An override that is never chosen",
            "remove it, or put it behind the stronger one",
            override_rules.never_chosen,
        ),
        Rule(
            "A025",
            INFO,
            "Packages that stack on one file",
            "look whether the right one is used; order the includes by it",
            override_rules.stacked,
        ),
        Rule(
            "A026", WARNING, "A root addressed by its other spelling", "use one address", override_rules.other_spelling
        ),
        Rule("A027", WARNING, "An override that is said twice", "remove one of them", override_rules.said_twice),
        Rule(
            "A028",
            WARNING,
            "An override of a directory that is spelt as a package",
            "write the package, a colon, and the path in it",
            outcomes.lookalikes,
        ),
        Rule(
            "A029",
            INFO,
            "An override of what nobody publishes",
            "publish its directory, or ask the application: --registry, --paste, manage.py assets, flask assets",
            override_rules.unpublished,
        ),
        # Static views.
        Rule("A030", WARNING, "A static view of a whole package", "publish a directory of it"),
        Rule("A031", WARNING, "A static view that is shadowed", "rename one of them", view_rules.shadowed),
        Rule(
            "A032",
            WARNING,
            "A static view that no URL is made with",
            "remove it, or give it a root of its own",
            view_rules.same_root,
        ),
        Rule(
            "A033",
            WARNING,
            "A static view without files",
            "put files into the root, or remove the static view",
            view_rules.publishes_nothing,
        ),
        Rule(
            "A034",
            WARNING,
            "A permission that nobody asks for",
            "remove it, and let those who serve the files protect them",
            view_rules.permission_never_asked,
        ),
        Rule(
            "A035",
            INFO,
            "A permission policy that is never asked",
            "remove it, or declare a permission",
            view_rules.policy_never_asked,
        ),
        Rule(
            "A036",
            WARNING,
            "A protected root that is published unprotected",
            "give both the permission, or move the files",
            view_rules.also_unprotected,
        ),
        Rule(
            "A037",
            WARNING,
            "A name with a dollar sign",
            "write the key of a setting in braces: ${key}",
            outcomes.bare_dollars,
        ),
        Rule(
            "A038",
            ERROR,
            "A static file that is program source",
            "remove it, or publish a file that is no source code, bytecode or ZCML",
            outcomes.program_files,
        ),
        Rule(
            "A039",
            WARNING,
            "A permission policy that only ASGI can wait for",
            "write permits() without async, or serve with assetzcml.asgi.StaticApp only",
            view_rules.policy_is_asynchronous,
        ),
        # Cache busters.
        Rule(
            "A040",
            WARNING,
            "Entries of a manifest without files",
            "build the files and the manifest together",
            view_rules.entries_without_files,
        ),
        Rule(
            "A041",
            WARNING,
            "Files without an entry in the manifest",
            "let the build tool list them, or move them elsewhere",
            view_rules.files_without_entries,
        ),
        Rule(
            "A042",
            WARNING,
            "A cache buster of what nobody publishes",
            "correct the path, or remove it",
            view_rules.busts_nothing,
        ),
        Rule(
            "A043",
            WARNING,
            "A path that nobody takes apart again",
            "give the cache buster a method strip(subpath)",
            references.not_taken_off,
        ),
        Rule(
            "A044",
            WARNING,
            "A reference that carries no version",
            'declare tree="sha256" in place of digest, under which references keep the version',
            references.without_version,
        ),
        Rule(
            "A045",
            WARNING,
            "A reference to nothing",
            "correct the reference, or publish what it names",
            references.nothing_there,
        ),
        # What static views leave out.
        Rule(
            "A046",
            WARNING,
            "Assets behind links that are not followed",
            'write follow_symlinks="yes", or set it for all views in the settings, if they are to be public',
            view_rules.links_out,
        ),
        Rule(
            "A047",
            WARNING,
            "A pattern of names that no asset has",
            "correct the pattern, or remove it",
            view_rules.unmatched_names,
        ),
        Rule(
            "A048",
            WARNING,
            "A page of a static view that nobody will see",
            "make the file, or remove the attribute",
            view_rules.missing_pages,
        ),
        Rule(
            "A049",
            WARNING,
            "A page for what is missing, where something else answers for it",
            "declare a route for all paths, last of all, whose view is a StaticView with that page",
            view_rules.pages_of_the_top,
        ),
        # Bundles.
        Rule("A050", WARNING, "A source that does not exist", "correct contents, or make the file"),
        Rule("A051", WARNING, "Outputs in an archive", "let the site say another directory"),
        Rule(
            "A052",
            WARNING,
            "Contents that match no file",
            "correct the pattern, or remove it",
            bundle_rules.unmatched_contents,
        ),
        Rule(
            "A053",
            WARNING,
            "A bundle without contents",
            "name contents, or remove the bundle",
            bundle_rules.empty_bundles,
        ),
        Rule(
            "A054",
            WARNING,
            "Filters without an output",
            "give it an output, or name it in a bundle that has one",
            bundle_rules.filtered_into_nothing,
        ),
        Rule(
            "A055",
            WARNING,
            "Outputs that nobody publishes",
            "publish the directory with a staticView, or say the url",
            bundle_rules.unpublished_outputs,
        ),
        Rule(
            "A056",
            INFO,
            "Contents of a bundle that an override replaces",
            "add to what the override names, or override the single source",
            bundle_rules.replaced_contents,
        ),
        Rule(
            "A057",
            ERROR,
            "A bundle without an environment",
            'declare <environment directory="..."/>, which the site may do for all packages',
            outcomes.without_environment,
        ),
        Rule(
            "A058",
            ERROR,
            "A filter that cannot run",
            "install what it needs, or take the filter out",
            outcomes.unusable_filters,
        ),
        Rule(
            "A059",
            WARNING,
            "A loadPath that does not exist",
            "correct the path, or remove it",
            outcomes.missing_load_paths,
        ),
        # Variants.
        Rule(
            "A060",
            WARNING,
            "A variant that is not served",
            "make it again from the asset as it is now",
            view_rules.faulty_variants,
        ),
        Rule(
            "A061",
            INFO,
            "Variants of a coding that is not declared",
            "declare the coding, or remove the files",
            view_rules.undeclared_variants,
        ),
        # What was delivered.
        # What assets say of each other, once more.
        Rule(
            "A062",
            WARNING,
            "A reference that leaves its version",
            "make it relative, to what is below the same root",
            references.leaving,
        ),
        Rule(
            "A064",
            WARNING,
            "A module under two names",
            "import it by a bare name that module declares, or keep both below one version",
            references.two_names,
        ),
        Rule("A065", WARNING, "A file named like a version", "rename it"),
        Rule(
            "A068",
            WARNING,
            "A delivered output of another configuration",
            "run 'assetzcml build' with this configuration",
            bundle_rules.outdated_outputs,
        ),
        Rule(
            "A069",
            ERROR,
            "A reference to a host where nothing is published",
            "publish the static view of the file under a name with that host too, or set application_url",
            bundle_rules.unreachable_references,
        ),
        # Routes and views.
        Rule(
            "A070",
            WARNING,
            "A route that is never tried",
            "put it before the other with before, or remove it",
            page_rules.never_reached,
        ),
        Rule(
            "A071",
            WARNING,
            "A view that is never called",
            "correct its name, route or request_method, or remove it",
            page_rules.never_called,
        ),
        Rule(
            "A072",
            INFO,
            "A route without a view",
            "declare a view for it; ignore it if the route only makes URLs",
            page_rules.without_view,
        ),
        Rule(
            "A073",
            WARNING,
            "A static view behind a route",
            "rename one of them, or narrow the pattern",
            page_rules.behind_a_route,
        ),
        Rule("A074", WARNING, "A pattern that no path matches", "write the character itself"),
        Rule(
            "A075",
            WARNING,
            "A pattern of another router",
            "write the name of a part in braces: {id}",
            outcomes.other_routers,
        ),
        Rule(
            "A076",
            ERROR,
            "A store of contents that cannot be reached",
            "correct the url, or install what it needs",
            outcomes.unreachable_stores,
        ),
        # Options of filters.
        Rule(
            "A080",
            WARNING,
            "A filterOption that no filter asks for",
            "correct the name, or remove it",
            outcomes.idle_options,
        ),
        # What does not load, by its kind.
        Rule("A101", ERROR, "A file that is not ZCML", ""),
        Rule("A102", ERROR, "More than a limit allows", "raise the limit if this is meant"),
        Rule("A103", ERROR, "A directive that nobody knows", ""),
        Rule("A104", ERROR, "A directive, or text, in the wrong place", "move it"),
        Rule("A105", ERROR, "An attribute that a directive does not have", "remove it, or correct its name"),
        Rule("A106", ERROR, "An attribute that is missing", ""),
        Rule("A107", ERROR, "A value that an attribute cannot have", ""),
        Rule("A108", ERROR, "A name that leads nowhere", ""),
        Rule(
            "A109",
            ERROR,
            "Code of another package raised an error",
            "mend what it says at the line that it names",
        ),
        Rule("A110", ERROR, "A condition that is none", ""),
        Rule("A111", ERROR, "A setting without a value", "give it a value, or a default"),
        Rule("A112", ERROR, "An include that cannot be followed", ""),
        Rule("A113", ERROR, "An override that comes too late", "include the file in one place only"),
        Rule("A114", ERROR, "Attributes that do not go together", ""),
        Rule("A115", ERROR, "An action of another package that cannot be compared", "correct it in that package"),
        Rule("A120", ERROR, "A root that does not exist", "correct the path, or create what it names"),
        Rule("A121", ERROR, "An override of another kind", "a directory overrides a directory, a file a file"),
        Rule("A122", WARNING, "A permission that nobody can be asked for", "declare a permissionPolicy"),
        Rule("A123", ERROR, "A cache buster that cannot work", ""),
        Rule("A124", ERROR, "Overrides that go round in a circle", "remove one of them"),
        Rule("A125", ERROR, "A store of contents that is published", "keep it where no static view leads"),
        Rule("A126", ERROR, "A module that no import could load", "name a script, or a directory with a slash"),
        Rule("A127", ERROR, "A pattern that no route can have", "correct it at this character"),
        Rule("A128", ERROR, "A declaration that there is none of", "declare it, or correct the name"),
        Rule("A129", ERROR, "Routes that stand in a circle", "leave out one of them"),
        Rule("A130", ERROR, "A bundle that contains itself", "remove one of them"),
        Rule("A131", ERROR, "A bundle, or its environment, that cannot work", "correct the attribute"),
        Rule("A132", ERROR, "A plugin that names no package", "correct its entry point, or exclude it"),
        Rule("A133", ERROR, "A frozen release that cannot be served", "name one that `assetzcml freeze` has made"),
    )
}
