"""Vehicles."""

import math

import numpy as np

from studio import *  # noqa: F403


def school_bus():
    sky((0.12, 0.32, 0.75), (0.62, 0.78, 0.92), 0.9, 0.5)
    sun((-4, -6, 6), 4.0)
    plane(material(mottle=(40, [(0.35, (0.045, 0.045, 0.05)), (0.65, (0.11, 0.11, 0.115))]), Roughness=0.85), size=200)
    lawn = material(mottle=(6, [(0.3, (0.04, 0.1, 0.015)), (0.7, (0.12, 0.2, 0.04))]), Roughness=0.9)
    box(lawn, (0, 15, 0.05), (120, 22, 0.12), 0)
    box(material((0.4, 0.4, 0.38), Roughness=0.8), (0, 3.9, 0.08), (120, 0.35, 0.18), 0.02)
    pick = rng(5)
    for k in range(16):
        x, y, r = -22 + 3.1 * k + pick.uniform(-1, 1), pick.uniform(12, 19), pick.uniform(2.0, 3.2)
        p = sphere_points(60, 120)
        p = p * (0.75 + 0.6 * noise(p, 3.2, 5, k))[..., None]
        surface(p * r, material(mottle=(1.6, [(0.35, (0.012, 0.045, 0.008)), (0.7, (0.07, 0.16, 0.025))]), Roughness=0.8), wrap_v=True, at=(x, y, r + 1.2))
        tube(np.array([(x, y, 0), (x, y, r + 1)]), 0.3, material((0.06, 0.04, 0.025)))
    yellow = material((0.92, 0.42, 0.006), Roughness=0.25, Coat_Weight=0.5)
    black = material((0.012, 0.012, 0.013), Roughness=0.4)
    glass = material((0.02, 0.03, 0.04), Roughness=0.06, Specular_IOR_Level=0.9)
    chrome = material((0.7, 0.7, 0.7), Metallic=1.0, Roughness=0.25)
    box(yellow, (0.6, 0, 1.75), (6.4, 2.1, 2.1), 0.22)
    box(yellow, (-3.15, 0, 1.3), (1.5, 1.8, 1.1), 0.2)
    box(material((0.85, 0.85, 0.8), Roughness=0.4), (0.6, 0, 2.8), (6.0, 1.5, 0.08), 0.04)
    for z in (1.02, 1.38, 1.72):
        box(black, (0.6, 0, z), (6.36, 2.14, 0.07), 0.01)
    for k in range(8):
        box(black, (-1.55 + 0.67 * k, 0, 2.2), (0.6, 2.13, 0.66), 0.03)
        box(glass, (-1.55 + 0.67 * k, 0, 2.21), (0.53, 2.15, 0.56), 0.03)
        box(yellow, (-1.55 + 0.67 * k, 0, 2.22), (0.54, 2.16, 0.03), 0.0)
    box(glass, (-2.62, 0, 2.15), (0.06, 1.75, 0.8), 0.04)
    box(black, (-2.60, 0, 2.15), (0.05, 1.85, 0.9), 0.03)
    box(yellow, (-2.63, 0, 2.15), (0.08, 0.06, 0.8), 0)
    box(black, (-3.92, 0, 0.72), (0.16, 2.1, 0.3), 0.04)
    box(black, (-3.9, 0, 1.3), (0.06, 0.95, 0.6), 0.03)
    for k in range(6):
        box(chrome, (-3.93, 0, 1.06 + 0.1 * k), (0.04, 0.9, 0.03), 0)
    lamp, red, amber = material((0.9, 0.9, 0.85), Roughness=0.1), material((0.6, 0.01, 0.01), Roughness=0.2), material((0.9, 0.3, 0.01), Roughness=0.2)
    for side in (-1, 1):
        ball(lamp, (-3.9, side * 0.68, 1.32), (0.06, 0.16, 0.16))
        ball(amber, (-3.9, side * 0.68, 1.02), (0.05, 0.1, 0.08))
        for y, paint in ((0.85, red), (0.58, amber)):
            ball(paint, (-2.62, side * y, 2.68), (0.05, 0.1, 0.1))
        tube(np.array([(-3.6, side * 0.95, 1.7), (-3.75, side * 1.3, 2.0)]), 0.025, black)
        box(black, (-3.78, side * 1.32, 2.1), (0.06, 0.24, 0.36), 0.03)
        for x in (-2.9, 2.35):
            ring = curve([(0, 0.13), (0.28, 0.13), (0.3, 0.15), (0.5, 0.15), (0.56, 0.08), (0.56, -0.1)], 40)
            surface(lathe_points(ring, 60), material((0.02, 0.02, 0.02), Roughness=0.75), wrap_v=True, at=(x, side * 0.9, 0.56), turn=(90 if side < 0 else -90, 0, 0))
            ball(material((0.85, 0.42, 0.02), Roughness=0.4), (x, side * 1.05, 0.56), (0.24, 0.03, 0.24))
            ball(chrome, (x, side * 1.07, 0.56), (0.1, 0.04, 0.1))
            ball(black, (x, side * 0.72, 0.66), (0.72, 0.36, 0.62))
    text("SCHOOL BUS", black, (-2.66, 0, 2.64), (90, 0, -90), 0.24, 0.008)
    text("SCHOOL DISTRICT", black, (0.5, -1.09, 1.47), (90, 0, 0), 0.26, 0.006)
    b = np.linspace(0, TAU, 8, endpoint=False) + TAU / 16
    sign = np.stack([np.stack([0 * b, 0 * b, 0 * b], -1), np.stack([0.34 * np.cos(b), 0 * b, 0.34 * np.sin(b)], -1)])
    surface(sign, red, wrap_v=True, at=(-1.9, -1.13, 1.25))
    text("STOP", material((0.9, 0.9, 0.9)), (-1.9, -1.14, 1.18), (90, 0, 0), 0.2, 0.006)
    box(material((0.7, 0.55, 0.05), Roughness=0.8), (0, -4.6, 0.004), (120, 0.16, 0.008), 0)
    camera((-8.6, -10.2, 2.7), (-0.35, 0, 1.42), 62, 11)
