"""Who may see what. The user is whoever the header says: an example has no passwords."""

from pyramid.authorization import ACLHelper, Allow, Everyone


class Root:
    """What every route leads to."""

    __acl__ = ((Allow, "admin", "manage"),)

    def __init__(self, request):
        self.request = request


class SecurityPolicy:
    """Pyramid's protocol of a security policy."""

    def identity(self, request):
        return request.headers.get("X-User")

    def authenticated_userid(self, request):
        return self.identity(request)

    def permits(self, request, context, permission):
        principals = [Everyone, *filter(None, [self.identity(request)])]
        return ACLHelper().permits(context, principals, permission)

    def remember(self, request, userid, **kw):
        return []

    def forget(self, request, **kw):
        return []
