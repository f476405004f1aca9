"""The pages."""

from django.shortcuts import render
from django.urls import path


def home(request):
    return render(request, "shop/home.html")


urlpatterns = [path("", home)]
