"""Landscapes, and what stands in them."""

import math

import numpy as np

from studio import *  # noqa: F403


def land(x_range, y_range, count, height):
    x, y = np.meshgrid(np.linspace(*x_range, count), np.linspace(*y_range, count), indexing="ij")
    return np.stack([x, y, height(x, y)], -1)


def flat_noise(x, y, *args):
    return noise(np.stack([x, y, 0 * x], -1), *args)


def water(points, deep, shallow, seed, scale=1.6):
    waves = noise(points * np.array([0.5, 1.3, 1]), scale, 5, seed)
    points[..., 2] += 0.16 * (waves - 0.5)
    return blend(deep, shallow, smooth(0.3, 0.75, waves))


def lighthouse():
    sky((0.1, 0.3, 0.72), (0.7, 0.82, 0.92), 0.9, 0.7)
    sun((-5, -5, 5), 4.2, (1, 0.92, 0.8))
    z = np.linspace(0, 6, 240)
    radius = 0.95 - 0.42 * (z / 6) ** 0.85
    tower = lathe_points(np.stack([radius, z], -1), 120)
    band = ((z / 6 * 5).astype(int) % 2 == 1).astype(float)[:, None] + 0 * tower[..., 0]
    grime = noise(tower * np.array([3, 3, 0.5]), 1.5, 4, 2)[..., None]
    colours = blend((0.86, 0.85, 0.81), (0.6, 0.025, 0.02), band) * (0.75 + 0.4 * grime)
    at = (0.15, 0, 0.55)
    surface(tower, material(Roughness=0.6, bump=(5, 0.1)), colours, wrap_v=True, at=at)
    red, dark = material((0.55, 0.025, 0.02), Roughness=0.4), material((0.02, 0.02, 0.022), Roughness=0.4)
    glass = material((0.75, 0.85, 0.9), Roughness=0.05, Transmission_Weight=0.6)
    ring = curve([(0.5, 6), (0.82, 6.05), (0.84, 6.15), (0.5, 6.17)], 30)
    surface(lathe_points(ring, 80), dark, wrap_v=True, at=at)
    surface(lathe_points(np.array([(0.4, 6.15), (0.4, 7.0)]), 60), glass, wrap_v=True, at=at)
    surface(lathe_points(curve([(0.52, 6.98), (0.45, 7.12), (0.2, 7.4), (0.05, 7.52), (0, 7.55)], 30).clip(0), 60), red, wrap_v=True, at=at)
    tube(np.array([(0.15, 0, 8.0), (0.15, 0, 8.5)]), 0.03, dark)
    ball(glow((1, 0.9, 0.6), 6), (0.15, 0, 7.1), 0.16)
    for k in range(14):
        a = k * TAU / 14
        foot = np.array((0.15 + 0.78 * math.cos(a), 0.78 * math.sin(a), 6.7))
        tube(np.array([foot, foot + (0, 0, 0.42)]), 0.016, dark, 8)
        tube(np.array([(0.15 + 0.41 * math.cos(a), 0.41 * math.sin(a), 6.7), (0.15 + 0.41 * math.cos(a), 0.41 * math.sin(a), 7.55)]), 0.016, dark, 8)
    b = np.linspace(0, TAU, 80)
    tube(np.stack([0.15 + 0.78 * np.cos(b), 0.78 * np.sin(b), 7.12 + 0 * b], -1), 0.022, dark, 8)
    for z0 in (1.4, 3.0, 4.6):
        box(dark, (0.15 - 0.28, -radius[int(z0 * 40)] + 0.07, z0 + 0.55), (0.16, 0.16, 0.3), 0.01, (0, 0, -20))
    box(material((0.84, 0.83, 0.8), Roughness=0.7), (1.9, 0.5, 1.1), (1.9, 1.4, 1.2), 0.02)
    for side in (-1, 1):
        box(red, (1.9, 0.5 + side * 0.42, 1.93), (2.1, 1.12, 0.1), 0.02, (-38 * side, 0, 0))
    box(dark, (1.6, -0.21, 1.1), (0.28, 0.06, 0.4), 0.01)
    box(dark, (2.3, -0.21, 1.0), (0.32, 0.06, 0.62), 0.01)

    def hill(x, y):
        rough = flat_noise(x, y, 0.8, 6, 4)
        return 0.55 * (1 - smooth(3.2, 6.5, np.hypot(x - 1.2, y))) + 0.5 * (rough - 0.5) * smooth(1.6, 3.5, np.hypot(x - 0.8, y)) - 0.9 * smooth(3.5, 7, np.hypot(x - 1.2, y))

    ground = land((-9, 9), (-9, 9), 220, hill)
    grass = blend((0.07, 0.12, 0.025), (0.2, 0.24, 0.06), noise(ground, 2.2, 5, 6))
    rock = blend((0.12, 0.1, 0.08), (0.36, 0.32, 0.27), noise(ground, 3, 5, 7))
    t = smooth(0.2, 0.42, ground[..., 2] + 0.25 * (noise(ground, 2, 3, 8) - 0.5))[..., None]
    surface(ground, material(Roughness=0.9, bump=(6, 0.6, 0.1)), rock * (1 - t) + grass * t)
    sea = land((-120, 120), (-30, 210), 300, lambda x, y: 0 * x - 0.35)
    tones = water(sea, (0.012, 0.06, 0.12), (0.05, 0.16, 0.24), 9, 0.7)
    surface(sea, material(Roughness=0.18, bump=(1.2, 0.4, 0.1)), tones)
    camera((-3.4, -15.5, 1.9), (0.4, 0, 4.0), 50)


def alp():
    sky((0.07, 0.22, 0.62), (0.55, 0.72, 0.92), 0.9, 0.45)
    sun((-6, -3, 3.6), 4.6, (1, 0.93, 0.82))

    def ridge(x, y):
        h, weight, scale = 0.0, 1.0, 0.2
        for k in range(6):
            h = h + weight * (1 - np.abs(2 * flat_noise(x + 11 * k, y, scale, 1, 20 + k) - 1)) ** 2
            weight, scale = weight * 0.48, scale * 2.1
        peak = 3.4 * np.exp(-(((x - 0.6) / 2.6) ** 2) - ((y - 9) / 3.2) ** 2) + 2.3 * np.exp(-(((x + 4.6) / 2.4) ** 2) - ((y - 11) / 3) ** 2) + 2.2 * np.exp(-(((x - 6) / 2.6) ** 2) - ((y - 12) / 3) ** 2)
        return (peak + 0.12) * (0.35 + 0.6 * h) - 0.55

    rock = land((-14, 14), (1, 18), 520, ridge)
    normal = np.cross(np.gradient(rock, axis=0), np.gradient(rock, axis=1))
    steep = 1 - np.abs(normal[..., 2]) / np.linalg.norm(normal, axis=-1)
    stone = blend((0.1, 0.1, 0.11), (0.3, 0.28, 0.27), noise(rock, 4, 5, 2))
    green = blend((0.03, 0.07, 0.02), (0.09, 0.14, 0.03), noise(rock, 5, 4, 3))
    high = rock[..., 2] + 0.9 * (noise(rock, 1.5, 4, 4) - 0.5)
    snow = (smooth(0.7, 1.3, high) * (1 - smooth(0.5, 0.72, steep - 0.1 * (high - 1.5))))[..., None]
    meadow = (1 - smooth(-0.1, 0.5, high))[..., None]
    colours = stone * (1 - meadow) + green * meadow
    surface(rock, material(Roughness=0.8, bump=(7, 0.5, 0.05)), colours * (1 - snow) + np.array((0.88, 0.9, 0.94)) * snow)
    field = land((-14, 14), (-9, 4), 200, lambda x, y: -0.75 + 0.5 * flat_noise(x, y, 0.35, 3, 5) - 0.02 * y)
    tone = blend((0.06, 0.13, 0.02), (0.2, 0.27, 0.05), noise(field, 2.5, 5, 6))
    surface(field, material(Roughness=0.9, bump=(12, 0.5, 0.05)), tone)
    pick = rng(8)
    needles = [material((0.012 * f, 0.04 * f, 0.015 * f), Roughness=0.85) for f in (0.8, 1.0, 1.5)]
    for _ in range(150):
        x, y, tall = pick.uniform(-7, 7), pick.uniform(1.0, 4.5), pick.uniform(0.35, 0.7)
        z = np.linspace(0, 1, 40)
        cone = lathe_points(np.stack([0.2 * (1 - z) * (0.75 + 0.35 * ((z * 9) % 1 < 0.5)), z], -1), 14)
        surface(cone, needles[pick.integers(3)], wrap_v=True, at=(x, y, -0.5 + 0.02 * y), size=tall)
    fog((0.7, 0.8, 1.0), 0.006)
    camera((0, -7.5, 0.75), (0.1, 6, 1.25), 46)


def seashore():
    sky((0.1, 0.33, 0.8), (0.7, 0.84, 0.95), 0.95, 0.8)
    sun((-4, 2, 6), 4.4)

    def shore(x, y):
        return y - 1.3 * np.sin(x * 0.16 + 1) - 0.35 * np.sin(x * 0.7) - 0.5 * flat_noise(x, y, 0.5, 4, 2) + 0.35 * x

    sand = land((-30, 30), (-12, 40), 420, lambda x, y: np.clip(-0.09 * shore(x, y), -3, 0.9) + 0.03 * flat_noise(x, y, 3, 4, 3))
    wet = smooth(-1.6, -0.3, shore(sand[..., 0], sand[..., 1]))
    tone = blend((0.72, 0.55, 0.36), (0.28, 0.19, 0.11), wet) * (0.8 + 0.4 * noise(sand, 9, 4, 4)[..., None])
    surface(sand, material(Roughness=0.7, bump=(16, 0.3, 0.03)), tone)
    sea = land((-60, 60), (-12, 110), 620, lambda x, y: 0 * x)
    d = shore(sea[..., 0], sea[..., 1])
    tone = water(sea, (0.005, 0.09, 0.2), (0.02, 0.2, 0.32), 5, 1.0)
    near = (1 - smooth(0, 9, d))[..., None]
    tone = tone * (1 - near) + np.array((0.1, 0.42, 0.42)) * near
    foam = np.zeros_like(d)
    for line, wide in ((0.25, 0.35), (2.6, 0.5), (5.6, 0.5), (10, 0.6)):
        wobble = d - line - 0.9 * (noise(sea, 0.5, 4, int(line * 4) + 1) - 0.5)
        foam = np.maximum(foam, np.exp(-((wobble / wide) ** 2)) * smooth(0.35, 0.6, noise(sea, 2.2, 5, int(line * 7) + 2)))
        sea[..., 2] += 0.2 * np.exp(-((wobble / 0.6) ** 2)) * smooth(1.5, 4, d)
    foam = np.clip(foam * 1.5, 0, 1)[..., None]
    surface(sea, material(Roughness=0.15, bump=(2.5, 0.35, 0.06)), tone * (1 - foam) + 0.9 * foam)
    rocks = material(mottle=(3, [(0.3, (0.04, 0.035, 0.03)), (0.7, (0.2, 0.17, 0.14))]), Roughness=0.8)
    pick = rng(7)
    for x, y, r in ((9, 20, 2.2), (12, 23, 3.4), (15.5, 22, 2.6), (6.2, 19, 0.9), (18, 26, 4.5), (4.8, 6.5, 0.5), (5.6, 7.2, 0.75)):
        p = sphere_points(70, 140)
        p = p * (0.6 + 0.8 * noise(p + pick.uniform(0, 9), 2.2, 5, 9))[..., None] * np.array([1, 1, 0.8])
        surface(p * r, rocks, wrap_v=True, at=(x, y, 0.1 * r))
    camera((-2.5, -9, 2.6), (1.5, 12, 0.9), 32)


def mushroom():
    sky((0.25, 0.45, 0.5), (0.4, 0.55, 0.3), 0.6)
    sun((-3, -3, 6), 2.6, (1, 0.93, 0.78), 4)
    window((3, -3, 3), 90, 2)
    pick = rng(12)
    ground = land((-7, 7), (-5, 9), 260, lambda x, y: 0.28 * flat_noise(x, y, 1.4, 5, 3) - 0.12)
    tone = blend((0.05, 0.035, 0.015), (0.09, 0.14, 0.02), smooth(0.35, 0.65, noise(ground, 2, 4, 4)))
    surface(ground, material(Roughness=0.95, bump=(14, 1.0, 0.1)), tone)
    count, rows = 5200, []
    for _ in range(count):
        x, y = pick.uniform(-5, 5), pick.uniform(-3.5, 7)
        tall, lean = pick.uniform(0.1, 0.42), pick.uniform(-0.2, 0.2, 2)
        wide = pick.uniform(0.008, 0.018)
        t = np.array([0, 0.5, 1.0])[:, None]
        middle = np.array([x, y, 0.0]) + t * np.array([0, 0, tall]) + t**2 * np.array([*lean, 0])
        side = np.array([wide, 0, 0]) * (1.05 - t)
        rows.append(np.stack([middle - side, middle + side], 1))
    blades = material(mottle=(1.5, [(0.3, (0.05, 0.14, 0.01)), (0.7, (0.2, 0.32, 0.04))]), Roughness=0.5)
    import bpy

    mesh = bpy.data.meshes.new("grass")
    faces = [(6 * k + a, 6 * k + a + 1, 6 * k + a + 3, 6 * k + a + 2) for k in range(count) for a in (0, 2)]
    mesh.from_pydata(np.concatenate([r.reshape(-1, 3) for r in rows]).tolist(), [], faces)
    mesh.materials.append(blades)
    place(bpy.data.objects.new("grass", mesh))
    cap = curve([(0, 1.0), (0.35, 0.96), (0.75, 0.75), (0.98, 0.4), (1.05, 0.12), (1.0, 0.05), (0.8, 0.12), (0.2, 0.2)], 110)
    stalk = curve([(0.34, -0.1), (0.36, 0.1), (0.27, 0.5), (0.23, 1.0), (0.25, 1.5)], 60)
    for x, y, size, lean in ((-0.3, -0.4, 1.0, 5), (1.35, 0.5, 0.68, -9), (-1.5, 1.0, 0.55, 10)):
        p = lathe_points(cap)
        lump = noise(p, 1.7, 3, int(10 * size))
        tone = blend((0.2, 0.075, 0.025), (0.5, 0.25, 0.1), smooth(0.25, 0.75, noise(p, 3, 5, 3)))
        under = (np.arange(110) > 78)[:, None] + 0 * lump
        spokes = 0.5 + 0.5 * np.cos(np.arctan2(p[..., 1], p[..., 0]) * 80)
        gills = blend((0.55, 0.42, 0.28), (0.85, 0.75, 0.58), spokes)
        tone = tone * (1 - under[..., None]) + gills * under[..., None]
        p = p * (1 + 0.1 * (lump - 0.5))[..., None]
        surface(p, material(Roughness=0.38, bump=(16, 0.15), Subsurface_Weight=0.15), tone, wrap_v=True, at=(x, y, 1.25 * size), turn=(lean / 2, lean, 0), size=size)
        s = lathe_points(stalk)
        pale = blend((0.62, 0.52, 0.38), (0.88, 0.82, 0.7), noise(s * np.array([4, 4, 0.6]), 2, 4, 5))
        surface(s, material(Roughness=0.6, bump=(9, 0.3), Subsurface_Weight=0.3), pale, wrap_v=True, at=(x, y, 0), turn=(lean / 2, lean, 0), size=size)
    litter = [material(c, Roughness=0.7) for c in ((0.3, 0.13, 0.04), (0.2, 0.09, 0.03), (0.38, 0.22, 0.07))]
    for _ in range(60):
        leaf(litter[pick.integers(3)], (pick.uniform(-4, 4), pick.uniform(-2.5, 5), 0.14), (pick.uniform(-25, 25), pick.uniform(-25, 25), pick.uniform(0, 360)), pick.uniform(0.25, 0.5), 0.3)
    trunk = material(mottle=(2, [(0.3, (0.03, 0.02, 0.015)), (0.7, (0.12, 0.08, 0.05))]), Roughness=0.9)
    for x, y, r in ((-4.5, 10, 0.7), (3.5, 12, 0.9), (0.2, 15, 0.6)):
        tube(np.array([(x, y, -1), (x, y, 12)]), r, trunk, 30)
    bush = rng(4)
    for k in range(30):
        shade = np.array(((0.03, 0.1, 0.015), (0.1, 0.2, 0.03), (0.2, 0.3, 0.06))[k % 3])
        ball(material(tuple(shade)), (bush.uniform(-8, 8), bush.uniform(11, 17), bush.uniform(-0.5, 6)), bush.uniform(0.4, 1.3))
    camera((0.1, -6.4, 1.35), (-0.02, 0, 1.08), 58, 2.2, (-0.3, -1.0, 1.3))
