"""Things indoors and on the road."""

import math

import numpy as np

from food import kitchen, table
from studio import *  # noqa: F403


def teapot():
    table((0.2, 0.1, 0.05), (0.55, 0.34, 0.18))
    kitchen(280)
    glaze = material(mottle=(1.6, [(0.35, (0.03, 0.12, 0.3)), (0.65, (0.06, 0.2, 0.42))]), Roughness=0.1, Coat_Weight=0.7)
    body = curve([(0, 0.02), (0.62, 0.03), (0.66, 0.1), (1.0, 0.45), (1.13, 0.9), (1.0, 1.32), (0.66, 1.6), (0.6, 1.66), (0.52, 1.64)], 110)
    lid = curve([(0.6, 1.66), (0.57, 1.72), (0.38, 1.84), (0.12, 1.92), (0.09, 1.98), (0.2, 2.1), (0.16, 2.22), (0.0, 2.26)], 80)
    for profile in (body, lid):
        profile[:, 0] = np.maximum(profile[:, 0], 0)
        surface(lathe_points(profile), glaze, wrap_v=True)
    spout = curve([(0.85, 0, 0.62), (1.3, 0, 0.75), (1.55, 0, 1.15), (1.72, 0, 1.5), (1.95, 0, 1.66)], 70)
    tube(spout, np.interp(np.linspace(0, 1, 70), [0, 0.3, 0.7, 1], [0.36, 0.25, 0.16, 0.13]), glaze, 40, turn=(0, 0, -18))
    tube(curve([(-0.88, 0, 1.38), (-1.35, 0, 1.52), (-1.72, 0, 1.2), (-1.6, 0, 0.75), (-1.05, 0, 0.52)], 70), 0.105, glaze, 30, turn=(0, 0, -18))
    china = material((0.85, 0.83, 0.78), Roughness=0.12)
    cup = curve([(0, 0.05), (0.3, 0.05), (0.42, 0.2), (0.52, 0.6), (0.5, 0.6), (0.38, 0.22), (0, 0.12)], 60)
    surface(lathe_points(cup), china, wrap_v=True, at=(1.9, 1.9, 0))
    camera((0.3, -7.0, 2.7), (0.1, 0.1, 1.02), 62, 2.8, (0, -0.9, 1))


def basketball():
    plane(wood((0.42, 0.21, 0.08), (0.72, 0.44, 0.2), 0.6, 0.2))
    world((0.6, 0.62, 0.66), 0.3)
    window((-2.5, -2, 5), 340, 2)
    window((4, 2, 3), 90, 2)
    p = sphere_points(300, 600)
    bands = [np.abs(p[..., 0]), np.abs(p[..., 2]), np.abs(np.abs(p[..., 1]) - 0.58 - 0.2 * p[..., 0] ** 2 + 0.1)]
    seam = 1 - smooth(0.014, 0.028, np.minimum.reduce(bands))
    colours = blend((0.62, 0.19, 0.035), (0.5, 0.13, 0.02), noise(p, 4, 4, 1))
    colours = colours * (1 - seam[..., None]) + 0.012 * seam[..., None]
    skin = material(bump=(75, 0.7, 0.02), Roughness=0.52)
    surface(p * (1 - 0.018 * seam)[..., None], skin, colours, wrap_v=True, at=(0, 0, 1), turn=(28, 24, 35))
    line = material((0.85, 0.85, 0.82), Roughness=0.25)
    box(line, (1.5, 1.8, 0.002), (14, 0.28, 0.006), 0, (0, 0, 18))
    wall = material(mottle=(0.5, [(0.3, (0.05, 0.07, 0.12)), (0.7, (0.12, 0.14, 0.2))]), Roughness=0.8)
    plane(wall, (0, 12, 0), 40, (90, 0, 0))
    camera((0.2, -5.6, 1.9), (0.05, 0, 0.92), 60, 2.8, (0, -0.9, 1))


def beer_bottle():
    table((0.09, 0.045, 0.02), (0.3, 0.16, 0.08))
    world((0.1, 0.07, 0.05), 0.8)
    window((-3, -2, 4), 300, 1.2, (0, 0, 1.5))
    window((3, 1.5, 2.5), 260, 1.5, (0, 0, 1.5), (1, 0.75, 0.45))
    glass = material((0.13, 0.035, 0.005), Roughness=0.06, Coat_Weight=0.8, Transmission_Weight=0.25)
    outline = [(0, 0.03), (0.5, 0.02), (0.56, 0.1), (0.56, 0.6), (0.56, 1.4), (0.53, 1.65), (0.36, 2.0), (0.22, 2.35), (0.185, 2.8), (0.18, 3.0), (0.21, 3.04), (0.21, 3.14), (0.18, 3.17), (0, 3.18)]
    profile = curve(outline, 160)
    profile[:, 0] = np.maximum(profile[:, 0], 0)
    gold = material((0.8, 0.55, 0.15), Metallic=1.0, Roughness=0.3)
    b, z = np.linspace(-1.9, 1.9, 240)[:, None], np.linspace(0.42, 1.36, 120)[None]
    oval = np.hypot(b / 0.95, (z - 0.9) / 0.36)
    paper = blend((0.86, 0.8, 0.62), (0.5, 0.03, 0.02), smooth(0.95, 0.97, oval) * (1 - smooth(1.1, 1.12, oval)))
    stripe = (1 - smooth(0.1, 0.11, np.abs(z - 0.88) + 0 * b)) * (oval < 0.95)
    paper = paper * (1 - stripe[..., None]) + np.array((0.45, 0.03, 0.02)) * stripe[..., None]
    border = smooth(0.42, 0.43, np.abs(z - 0.89) + 0 * b)
    paper = paper * (1 - border[..., None]) + np.array((0.65, 0.42, 0.08)) * border[..., None]
    label = np.stack([0.568 * np.sin(b) + 0 * z, -0.568 * np.cos(b) + 0 * z, z + 0 * b], -1)
    neck = np.stack([0.238 * np.sin(b) * np.ones_like(z), -0.238 * np.cos(b) * np.ones_like(z), 2.2 + (z - 0.42) * 0.45 + 0 * b], -1)
    neck[..., :2] *= np.interp(neck[..., 2], [2.2, 2.35, 2.63], [1.24, 1.0, 0.88])[..., None]
    for at, turn in (((-0.35, -0.3, 0), 8), ((1.05, 1.1, 0), -30)):
        surface(lathe_points(profile), glass, wrap_v=True, at=at)
        surface(label, material(Roughness=0.5), paper, at=at, turn=(0, 0, turn))
        surface(neck, material((0.75, 0.6, 0.25), Roughness=0.4), at=at, turn=(0, 0, turn))
        cap = curve([(0.235, 3.06), (0.235, 3.12), (0.2, 3.2), (0, 3.22)], 30)
        surface(lathe_points(cap), gold, wrap_v=True, at=at)
        text("LAGER", material((0.9, 0.82, 0.6)), (at[0] + 0.57 * math.sin(math.radians(turn)), at[1] - 0.6, 0.83), (90, 0, turn), 0.17, 0.004)
    pick = rng(3)
    for _ in range(26):
        ball(glow((1.0, pick.uniform(0.45, 0.8), pick.uniform(0.15, 0.4)), pick.uniform(1, 4)), (pick.uniform(-6, 6), pick.uniform(8, 13), pick.uniform(0.5, 6)), pick.uniform(0.08, 0.22))
    camera((0.1, -8.4, 2.5), (0.15, 0, 1.52), 60, 1.6, (-0.3, -0.8, 1.4))


def candle():
    table((0.08, 0.04, 0.02), (0.25, 0.13, 0.06))
    world((0.02, 0.02, 0.035), 1.0)
    import bpy

    wax = material((0.9, 0.72, 0.48), Roughness=0.4, Subsurface_Weight=0.7, Subsurface_Scale=0.4)
    tip = glow((1.0, 0.62, 0.2), 26.0)
    core = glow((1.0, 0.85, 0.55), 40.0)
    wick = material((0.01, 0.008, 0.006))
    for x, y, tall, wide in ((-0.1, -0.2, 1.9, 0.42), (1.25, 0.9, 1.3, 0.42), (-1.45, 1.2, 1.05, 0.42)):
        profile = curve([(0, 0), (wide, 0), (wide, tall * 0.5), (wide, tall), (wide * 0.9, tall + 0.03), (wide * 0.6, tall - 0.07), (0, tall - 0.1)], 90)
        profile[:, 0] = np.maximum(profile[:, 0], 0)
        points = lathe_points(profile)
        points[..., :2] *= 1 + 0.05 * (noise(points * np.array([1, 1, 0.4]), 3, 3, 2)[..., None] - 0.5)
        surface(points, wax, wrap_v=True, at=(x, y, 0))
        tube(curve([(x, y, tall - 0.12), (x, y, tall + 0.06), (x + 0.03, y, tall + 0.16)], 20), 0.022, wick)
        flame = curve([(0, 0), (0.06, 0.05), (0.1, 0.18), (0.075, 0.36), (0.03, 0.54), (0, 0.66)], 50)
        flame[:, 0] = np.maximum(flame[:, 0], 0)
        surface(lathe_points(flame, 40), tip, wrap_v=True, at=(x, y, tall + 0.06))
        surface(lathe_points(flame * np.array([1.02, 0.6]), 40), core, wrap_v=True, at=(x, y - 0.002, tall + 0.1))
        lamp = bpy.data.lights.new("flame", "POINT")
        lamp.energy, lamp.color, lamp.shadow_soft_size = 45, (1, 0.58, 0.22), 0.12
        place(bpy.data.objects.new("flame", lamp), (x, y - 0.15, tall + 0.55))
    camera((0.1, -6.6, 2.3), (0, 0.1, 1.25), 56, 2.0, (0, -0.4, 1.7))


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
