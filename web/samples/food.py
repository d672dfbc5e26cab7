"""Fruit and other food on tables."""

import math

import numpy as np

from studio import *  # noqa: F403

OAK = ((0.16, 0.07, 0.03), (0.5, 0.28, 0.13))
GREEN = (0.06, 0.2, 0.03)


def table(dark=OAK[0], light=OAK[1], scale=0.7):
    plane(wood(dark, light, scale))


def kitchen(watts=260, warm=(1, 0.93, 0.82)):
    world((0.55, 0.6, 0.68), 0.35)
    window((-3, -1.5, 4), watts, 2.2, colour=warm)
    window((4, 3, 2.5), watts * 0.25, 3, colour=(0.85, 0.92, 1))


def citrus_face(radius, rind, pulp, seed, segments=10):
    """The cut through a citrus fruit, facing up."""
    r, b = np.linspace(0, 1, 110)[:, None], np.linspace(0, TAU, 420, endpoint=False)[None]
    points = np.stack([r * np.cos(b), r * np.sin(b), 0 * r * b], -1)
    cell = (b / TAU * segments + 0.06 * np.sin(3 * b)) % 1
    edge = np.minimum(cell, 1 - cell) * TAU * r / segments
    grain = noise(np.stack([b * 5 + 0 * r, r * 3 + 0 * b, 0 * r * b], -1), 2.5, 3, seed)
    flesh = blend(np.array(pulp) * 0.75, np.minimum(np.array(pulp) * 1.25 + 0.03, 1), grain)
    pith = np.array((0.9, 0.8, 0.55))
    t = smooth(0.012, 0.03, edge) * smooth(0.07, 0.11, r + 0 * b) * (1 - smooth(0.86, 0.9, r + 0 * b))
    colours = blend(pith, 0 * flesh, 0 * t) * (1 - t[..., None]) + flesh * t[..., None]
    outer = smooth(0.945, 0.965, r + 0 * b)
    colours = colours * (1 - outer[..., None]) + np.array(rind) * outer[..., None]
    points[..., 2] = 0.02 * t * (grain - 0.3)
    return points * radius, colours


def half_fruit(at, turn, radius, rind, pulp, seed, skin, segments=10):
    points, colours = citrus_face(radius, rind, pulp, seed, segments)
    surface(points, material(Roughness=0.22, Subsurface_Weight=0.3, Subsurface_Scale=0.05), colours, wrap_v=True, at=at, turn=turn)
    bowl = sphere_points()[48:] * radius
    surface(bowl, skin, wrap_v=True, at=at, turn=turn)


def orange():
    table()
    kitchen()
    rind = (0.95, 0.3, 0.01)
    skin = material(mottle=(2.5, [(0.3, (0.9, 0.24, 0.006)), (0.7, (1.0, 0.36, 0.015))]), bump=(42, 0.35, 0.012),
                    Roughness=0.36, Subsurface_Weight=0.15, Subsurface_Scale=0.05)
    stem, green = material((0.1, 0.16, 0.03)), material(mottle=(4, [(0.3, (0.02, 0.1, 0.01)), (0.7, GREEN)]), Roughness=0.35)
    points = sphere_points() * np.array([1, 1, 0.95])
    dent = np.exp(-((np.hypot(points[..., 0], points[..., 1]) / 0.14) ** 2)) * (points[..., 2] > 0)
    points[..., 2] -= 0.06 * dent
    for at, turn, size in (((-0.85, 0.35, 0.92), (18, -12, 0), 0.97), ((0.95, 0.9, 0.95), (-30, 20, 80), 1.0), ((0.1, 2.1, 0.93), (10, 40, 10), 0.98)):
        surface(points, skin, wrap_v=True, at=at, turn=turn, size=size)
    ball(stem, (-1.04, 0.06, 1.74), 0.07)
    half_fruit((0.55, -0.95, 0.75), (52, 0, 18), 0.9, rind, (0.95, 0.33, 0.02), 3, skin)
    leaf(green, (-1.05, 0.05, 1.75), (0, 5, 205), 1.1, 0.3)
    leaf(green, (-1.05, 0.05, 1.75), (0, 12, -55), 0.9, 0.3)
    camera((0.3, -6.6, 3.4), (0.1, 0.1, 0.72), 62, 2.8, (0.2, -0.7, 0.8))


def lemon():
    table((0.35, 0.33, 0.3), (0.62, 0.6, 0.56), 0.5)
    kitchen(240, (1, 0.97, 0.9))
    rind = (0.95, 0.72, 0.03)
    skin = material(mottle=(2, [(0.3, (0.9, 0.62, 0.015)), (0.7, (1.0, 0.78, 0.03))]), bump=(34, 0.35, 0.012),
                    Roughness=0.34, Subsurface_Weight=0.15, Subsurface_Scale=0.05)
    profile = curve([(0, 1.34), (0.12, 1.33), (0.2, 1.2), (0.45, 1.02), (0.78, 0.6), (0.88, 0), (0.78, -0.6), (0.42, -1.0), (0.16, -1.12), (0.0, -1.14)], 90)
    profile[:, 0] = np.maximum(profile[:, 0], 0)
    points = lathe_points(profile)
    points *= 1 + 0.03 * (noise(points, 1.6, 2, 5)[..., None] - 0.5)
    green = material(mottle=(4, [(0.3, (0.02, 0.1, 0.01)), (0.7, GREEN)]), Roughness=0.35)
    for at, turn, size in (((-0.9, 0.5, 0.86), (90, 0, 62), 1.0), ((0.95, 1.3, 0.85), (84, 0, -40), 0.97)):
        surface(points, skin, wrap_v=True, at=at, turn=turn, size=size)
    half_fruit((0.6, -0.8, 0.72), (55, 0, 14), 0.84, rind, (1.0, 0.8, 0.2), 8, skin, 9)
    leaf(green, (0.2, 2.3, 0.9), (0, -25, 150), 1.2, 0.3)
    camera((0.2, -6.4, 3.2), (0.0, 0.15, 0.7), 64, 2.8, (0.3, -0.6, 0.7))


def pizza():
    table((0.1, 0.05, 0.03), (0.33, 0.19, 0.1))
    kitchen(330)
    r, b = np.linspace(0, 1, 240)[:, None], np.linspace(0, TAU, 720, endpoint=False)[None]
    flat = np.stack([r * np.cos(b), r * np.sin(b), 0 * r * b], -1)
    lump = noise(flat, 4, 4, 1)
    wobble = 0.015 * np.sin(5 * b + 1) + 0.01 * np.sin(9 * b)
    rim = np.exp(-(((r - 0.92) / 0.055) ** 2)) * (1 + 0.5 * (noise(flat, 7, 3, 2) - 0.5))
    height = 0.03 + 0.09 * rim + 0.03 * lump * (r < 0.88) - 0.1 * smooth(0.97, 1.0, r + 0 * b)
    cheese = blend((0.8, 0.5, 0.12), (0.93, 0.72, 0.3), noise(flat, 6, 4, 3))
    sauce = smooth(0.53, 0.62, noise(flat, 5, 4, 4))[..., None]
    colours = cheese * (1 - sauce) + np.array((0.55, 0.08, 0.015)) * sauce
    brown = smooth(0.62, 0.72, noise(flat, 9, 3, 5))[..., None] * 0.7
    colours = colours * (1 - brown) + np.array((0.4, 0.16, 0.03)) * brown
    crust = blend((0.72, 0.4, 0.13), (0.36, 0.14, 0.03), smooth(0.42, 0.68, noise(flat, 7, 4, 6)))
    edge = smooth(0.84, 0.88, r + wobble + 0.04 * (lump - 0.5))[..., None]
    colours = colours * (1 - edge) + crust * edge
    points = np.concatenate([flat[..., :2] * (1 + wobble * smooth(0.5, 1, r + 0 * b))[..., None], height[..., None]], -1) * 2
    surface(points, material(bump=(30, 0.15, 0.02), Roughness=0.4, Subsurface_Weight=0.1, Subsurface_Scale=0.05), colours, wrap_v=True, at=(0, 0, 0.06))
    ball(material((0.5, 0.5, 0.5), Metallic=1.0, Roughness=0.35), (0, 0, -0.0), (2.25, 2.25, 0.07))
    meat = material(mottle=(9, [(0.35, (0.32, 0.025, 0.012)), (0.65, (0.55, 0.07, 0.03))]), Roughness=0.28, bump=(20, 0.2))
    disc = curve([(0, 0.03), (0.6, 0.02), (0.93, 0.06), (1.0, 0.03), (0.98, -0.06)], 30)
    pick = rng(4)
    spots = [(0.0, 0.1)] + [(0.62, k * TAU / 6 + 0.3) for k in range(6)] + [(1.28, k * TAU / 9) for k in range(9)]
    for distance, angle in spots:
        distance += pick.uniform(-0.06, 0.06)
        surface(lathe_points(disc, 60), meat, wrap_v=True, at=(distance * math.cos(angle), distance * math.sin(angle), 0.2),
                turn=(*pick.uniform(-6, 6, 2), 0), size=0.245)
    green = material(mottle=(5, [(0.3, (0.01, 0.08, 0.01)), (0.7, (0.05, 0.2, 0.02))]), Roughness=0.4)
    for x, y, turn in ((0.35, 0.3, 20), (-0.75, -0.1, 140), (0.2, -0.8, 250), (-0.3, 0.95, 60), (0.95, -0.35, 300)):
        leaf(green, (x, y, 0.22), (0, -8, turn), 0.42, 0.35)
    black = material((0.015, 0.012, 0.015), Roughness=0.2)
    for _ in range(14):
        angle, distance = pick.uniform(0, TAU), math.sqrt(pick.uniform(0.05, 1)) * 1.6
        ring = np.stack([0.075 * np.cos(np.linspace(0, TAU, 30)), 0.075 * np.sin(np.linspace(0, TAU, 30)), 0 * np.linspace(0, TAU, 30)], -1)
        tube(ring, 0.032, black, at=(distance * math.cos(angle), distance * math.sin(angle), 0.2))
    camera((0.0, -5.0, 4.6), (0, -0.05, 0.05), 58, 4, (0, -0.6, 0.1))


def espresso():
    table((0.1, 0.05, 0.03), (0.4, 0.22, 0.11))
    kitchen(260)
    china = material((0.85, 0.84, 0.82), Roughness=0.12, Coat_Weight=0.5)
    cup = curve([(0.0, 0.1), (0.5, 0.1), (0.62, 0.2), (0.9, 0.65), (1.05, 1.2), (1.08, 1.32), (1.04, 1.34), (0.98, 1.2), (0.84, 0.7), (0.6, 0.3), (0, 0.24)], 120)
    cup[:, 0] = np.maximum(cup[:, 0], 0)
    surface(lathe_points(cup), china, wrap_v=True)
    saucer = curve([(0, 0.08), (0.7, 0.08), (1.2, 0.14), (1.85, 0.32), (1.9, 0.3), (1.3, 0.06), (0.8, 0), (0, 0)], 80)
    surface(lathe_points(saucer), china, wrap_v=True)
    tube(curve([(0.98, 0, 1.12), (1.4, 0, 1.2), (1.62, 0, 0.92), (1.4, 0, 0.6), (0.86, 0, 0.52)], 60), 0.1, china, at=(0, 0, 0), turn=(0, 0, -38))
    r, b = np.linspace(0, 1, 140)[:, None], np.linspace(0, TAU, 360, endpoint=False)[None]
    flat = np.stack([r * np.cos(b), r * np.sin(b), 0 * r * b], -1)
    warp = flat + 0.35 * np.stack([noise(flat, 2, 3, s) - 0.5 for s in (1, 2, 3)], -1)
    swirl = noise(warp, 3, 4, 4)
    colours = blend((0.2, 0.065, 0.015), (0.5, 0.23, 0.06), smooth(0.3, 0.75, swirl))
    ring = smooth(0.9, 0.99, r + 0 * b)[..., None]
    colours = colours * (1 - ring) + np.array((0.16, 0.055, 0.015)) * ring
    surface(flat * 0.965, material(Roughness=0.16, bump=(24, 0.08)), colours, wrap_v=True, at=(0, 0, 1.14))
    steel = material((0.7, 0.7, 0.72), Metallic=1.0, Roughness=0.18)
    tube(curve([(-1.9, -0.9, 0.36), (-0.9, -1.3, 0.28), (0.2, -1.5, 0.27)], 40), 0.055, steel)
    ball(steel, (0.45, -1.53, 0.26), (0.34, 0.2, 0.06), (0, 0, -6))
    bean = material((0.07, 0.025, 0.01), Roughness=0.35)
    pick = rng(6)
    for _ in range(26):
        ball(bean, (pick.uniform(-3.4, -1.7), pick.uniform(0.2, 2.8), 0.1), (0.17, 0.12, 0.1), (0, 0, pick.uniform(0, 180)))
    camera((0.1, -5.0, 4.7), (0, -0.08, 0.62), 62, 3.2, (0, -0.4, 1.15))
