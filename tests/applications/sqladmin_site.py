"""SQLAdmin in Starlette, as its quick start has it: one line more."""

from sqladmin import Admin, ModelView
from sqlalchemy import Column, Integer, String, create_engine
from sqlalchemy.orm import declarative_base
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette
from starlette.testclient import TestClient
from walking import walk

from assetzcml.integrations.starlette import add_assets

Base = declarative_base()
engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)


class Cup(Base):
    __tablename__ = "cups"
    id = Column(Integer, primary_key=True)
    name = Column(String)


class CupAdmin(ModelView, model=Cup):
    column_list = (Cup.id, Cup.name)


Base.metadata.create_all(engine)
app = Starlette()
admin = Admin(app, engine)
admin.add_view(CupAdmin)
add_assets(app, "skin:configure.zcml")
client = TestClient(app, base_url="http://localhost")


def get(path):
    response = client.get(path)
    return response.status_code, response.headers, response.content


walk(get, ["/admin/", "/admin/cup/list", "/admin/cup/create"], r"css/main\.css")
