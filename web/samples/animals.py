"""Animals."""

import math

import bpy
import numpy as np
from mathutils import Euler

from studio import *  # noqa: F403


def meadow(strength=0.8):
    """Sky light, and greenery far out of focus behind the subject."""
    n = Nodes(bpy.context.scene.world)
    where = n.add("TexCoord").outputs["Generated"]
    blur = n.add("TexNoise", {"Vector": where, "Scale": 5.0, "Detail": 1.0}).outputs[0]
    green = n.ramp(blur, [(0.3, (0.015, 0.06, 0.008)), (0.5, (0.07, 0.19, 0.025)), (0.7, (0.24, 0.36, 0.08))])
    seen = n.add("LightPath").outputs["Is Camera Ray"]
    light = n.add("Background", {0: (0.6, 0.75, 0.8), 1: strength}).outputs[0]
    n.add("OutputWorld", {0: n.add("MixShader", {0: seen, 1: light, 2: n.add("Background", {0: green}).outputs[0]}).outputs[0]})


def ladybug():
    meadow(0.6)
    sun((-3, -4, 6), 3.4)
    u, v = np.linspace(-1, 1, 160)[:, None], np.linspace(-1, 1, 120)[None]
    ground = np.stack([5 * u + 0 * v, 2.4 * v * np.cos(u * 1.1) ** 0.8, -0.35 * v**2 * 2 + 0.12 * np.abs(v) - 0.25 * u**2], -1)
    vein = np.exp(-((np.abs(v) / 0.02) ** 2)) + 0.6 * np.exp(-(((np.abs(((u - np.abs(v) * 0.35) * 6) % 1 - 0.5)) / 0.04) ** 2))
    tint = blend((0.035, 0.14, 0.01), (0.1, 0.27, 0.025), noise(ground, 1.2, 4, 3))
    colours = blend(np.zeros(3), (0.16, 0.32, 0.06), np.clip(vein, 0, 1)) + tint * (1 - np.clip(vein, 0, 1))[..., None]
    surface(ground, material(bump=(14, 0.2), Roughness=0.38), colours, turn=(8, 0, -14), at=(0, 0.2, 0.0))
    p = sphere_points(160, 320)
    red = np.broadcast_to(np.array((0.68, 0.025, 0.008)), p.shape).copy()
    spots = [((0.62, 0.0), 0.2)] + [((x, s * y), r) for s in (-1, 1) for x, y, r in ((0.25, 0.52, 0.19), (-0.22, 0.36, 0.17), (-0.2, 0.83, 0.14), (-0.64, 0.42, 0.15))]
    black = np.exp(-((p[..., 1] / 0.012) ** 2))
    for (x, y), r in spots:
        black = np.maximum(black, 1 - smooth(r - 0.02, r + 0.02, np.hypot(p[..., 0] - x, p[..., 1] - y)))
    red = red * (1 - black[..., None]) + 0.006 * black[..., None]
    shell = material(Roughness=0.12, Coat_Weight=0.7)
    dome = p * np.array([1.15, 0.95, 0.82])
    dome[..., 2] = np.maximum(dome[..., 2], -0.1)
    at, turn = np.array((0.05, 0.05, 0.42)), 205
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))

    def put(x, y, z):
        return (at + np.array((c * x - s * y, s * x + c * y, z))).tolist()

    surface(dome, shell, red, wrap_v=True, at=at.tolist(), turn=(0, 0, turn))
    ink = material((0.008, 0.008, 0.009), Roughness=0.18, Coat_Weight=0.5)
    white = material((0.85, 0.82, 0.72), Roughness=0.3)
    ball(ink, put(1.0, 0, 0.06), (0.42, 0.66, 0.4), (0, 0, turn))
    ball(ink, put(1.36, 0, -0.02), (0.26, 0.36, 0.24), (0, 0, turn))
    for side in (-1, 1):
        ball(white, put(1.12, side * 0.43, 0.17), (0.2, 0.15, 0.14), (0, 0, turn))
        ball(white, put(1.46, side * 0.2, 0.08), (0.07, 0.06, 0.06), (0, 0, turn))
        tube(curve([put(1.5, side * 0.15, 0), put(1.75, side * 0.35, 0.12), put(1.9, side * 0.5, 0.02)], 20), 0.028, ink)
        for x in (0.65, 0.05, -0.5):
            foot = [put(x, side * 0.7, -0.05), put(x + 0.1, side * 0.98, -0.12), put(x + 0.12, side * 1.12, -0.34), put(x + 0.25, side * 1.24, -0.38)]
            tube(curve(foot, 30), np.linspace(0.07, 0.035, 30), ink)
    camera((-1.6, -6.0, 3.4), (0.0, 0.0, 0.42), 62, 2.2, (-0.3, -0.6, 0.7))


def sheer(colour, rim, strength, density=0.25):
    """Thin glowing tissue: clear where seen straight on, bright at a glancing angle."""
    made = bpy.data.materials.new("sheer")
    n = Nodes(made)
    facing = n.add("LayerWeight", {"Blend": 0.45}).outputs["Facing"]
    cloudy = n.noise(3.5, 5)
    thick = n.add("Math", {0: facing, 1: cloudy}, operation="MULTIPLY").outputs[0]
    thick = n.add("Math", {0: thick, 1: density}, operation="ADD", use_clamp=True).outputs[0]
    tint = n.ramp(facing, [(0.1, colour), (0.9, rim)])
    light = n.add("Emission", {"Color": tint, "Strength": strength}).outputs[0]
    mixed = n.add("MixShader", {0: thick, 1: n.add("BsdfTransparent").outputs[0], 2: light}).outputs[0]
    n.add("OutputMaterial", {"Surface": mixed})
    return made


def jellyfish():
    sky((0.02, 0.2, 0.62), (0.004, 0.05, 0.25), 1.0)
    pick = rng(3)
    for at, size, lean in (((0.1, 0, 0.75), 1.0, (8, -16, 0)), ((1.9, 5.0, 2.3), 0.75, (0, 25, 0))):
        warm, rim = (0.75, 0.26, 0.1), (1.0, 0.72, 0.45)
        skin = sheer(warm, rim, 1.15, 0.3)
        a, b = np.linspace(0, 1.75, 100)[:, None], np.linspace(0, TAU, 240, endpoint=False)[None]
        r = np.sin(np.minimum(a, 1.75)) * (1 + 0.025 * np.cos(16 * b) * smooth(0.7, 1.7, a))
        points = np.stack([r * np.cos(b), r * np.sin(b), 0.85 * np.cos(a) - 0.08 * np.abs(np.cos(8 * b)) * smooth(1.5, 1.75, a)], -1)
        surface(points, skin, wrap_v=True, at=at, turn=lean, size=size)
        surface(points * np.array([0.82, 0.82, 0.72]), sheer((0.6, 0.14, 0.05), (1.0, 0.5, 0.25), 0.9, 0.16), wrap_v=True, at=at, turn=lean, size=size)
        strand = sheer((0.8, 0.3, 0.14), (1.0, 0.6, 0.4), 1.0, 0.35)
        for k in range(26):
            angle = k * TAU / 26
            x, y = 0.95 * math.cos(angle), 0.95 * math.sin(angle)
            sway, long = pick.uniform(-0.3, 0.3, 2), pick.uniform(2.2, 3.6)
            knots = [(x + sway[0] * f * f * 2 + 0.5 * f * f + 0.07 * math.sin(f * 15 + k), y + sway[1] * f * f * 2 + 0.07 * math.cos(f * 13 + k), -0.1 - long * f) for f in np.linspace(0, 1, 9)]
            tube(curve(knots, 90), np.linspace(0.017, 0.006, 90), strand, 6, at=at, turn=lean, size=size)
        frill = sheer((1.0, 0.62, 0.42), (1.0, 0.9, 0.75), 1.1, 0.35)
        for k in range(5):
            u, v = np.linspace(0, 1, 160)[:, None], np.linspace(-1, 1, 30)[None]
            wide = (0.26 - 0.17 * u) * (1 + 0.35 * noise(np.stack([u * 6, 0 * u, 0 * u + k], -1), 1, 2, k))
            angle = k * TAU / 5 + 0.4
            x = 0.2 * math.cos(angle) + wide * v * np.cos(angle + 2.5 * u) + 0.35 * u * u + 0.13 * np.sin(5 * u + k)
            y = 0.2 * math.sin(angle) + wide * v * np.sin(angle + 2.5 * u) + 0.13 * np.cos(4 * u + k)
            ruffle = 0.07 * np.abs(v) * np.sin(46 * u + 6 * v + k)
            surface(np.stack([x + ruffle, y - ruffle, 0.35 - 2.5 * u + 0 * v], -1), frill, at=at, turn=lean, size=size)
    speck = glow((0.3, 0.55, 0.9), 0.7)
    for _ in range(50):
        ball(speck, (pick.uniform(-4, 4), pick.uniform(1, 7), pick.uniform(-4, 4)), pick.uniform(0.008, 0.02))
    camera((0.6, -8.2, -0.7), (0.85, 0, -0.45), 63, 4, (0.1, -0.6, 0))
    bpy.context.scene.cycles.samples = 6  # many clear layers, slow to trace, and no shadows to clean of noise


def fish(at, turn, size, seed):
    pick = rng(seed)
    u, b = np.linspace(0, 1, 150)[:, None], np.linspace(0, TAU, 160, endpoint=False)[None]
    deep = np.interp(u, *curve([(0, 0.02), (0.03, 0.16), (0.12, 0.32), (0.3, 0.58), (0.45, 0.62), (0.65, 0.5), (0.85, 0.24), (1, 0.16)], 80).T)
    arch = 0.1 * np.sin(math.pi * u)
    points = np.stack([1.15 - 2.3 * u + 0 * b, deep * 0.62 * np.sin(b) * (1 - 0.3 * smooth(0.6, 1, u)), deep * np.cos(b) + arch], -1)
    back = smooth(-0.5, 0.3, np.cos(b) + 0 * u)
    skin = blend((1.0, 0.42, 0.07), (0.9, 0.15, 0.004), back)
    row, column = u * 26, b / TAU * 26
    shift = 0.5 * (np.floor(row) % 2)
    scale = np.hypot((row % 1) - 0.1, ((column + shift) % 1) - 0.5)
    on = smooth(0.2, 0.26, u) * (1 - smooth(0.9, 0.97, u))
    shade = 1 - 0.38 * smooth(0.42, 0.62, scale) * on
    gill = np.exp(-(((u - 0.225 - 0.03 * np.cos(b * 2)) / 0.008) ** 2)) * 0.5
    colours = skin * (shade * (1 - gill))[..., None]
    surface(points, material(Roughness=0.34, Coat_Weight=0.25, Metallic=0.1), colours, wrap_v=True, at=at, turn=turn, size=size)
    film = material(Roughness=0.35, Transmission_Weight=0.2, Subsurface_Weight=0.3, Alpha=0.88)

    def fin(root_a, root_b, tip_a, tip_b, wave=0.06, bulge=0.0):
        s, t = np.linspace(0, 1, 50)[:, None, None], np.linspace(0, 1, 80)[None, :, None]
        root = (1 - t) * np.array(root_a) + t * np.array(root_b)
        tip = (1 - t) * np.array(tip_a) + t * np.array(tip_b) + bulge * np.sin(math.pi * t) * np.array([-1, 0, 0])
        p = root + s * (tip - root)
        p[..., 1] += (wave * s * np.sin(9 * t + 3 * s + seed))[..., 0]
        ray = 0.5 + 0.5 * np.cos(t[..., 0] * 110)
        tone = blend((0.95, 0.2, 0.008), (1.0, 0.4, 0.08), s[..., 0] * 0.8 + 0 * ray) * (1 - 0.3 * ray[..., None] * s)
        surface(p, film, tone, at=at, turn=turn, size=size)

    sway = pick.uniform(-0.25, 0.25)
    fin((-1.08, 0, 0.16), (-1.1, 0, 0.0), (-2.05, 0.2 + sway, 1.0), (-1.75, sway, 0.1), 0.12)
    fin((-1.1, 0, 0.02), (-1.08, 0, -0.14), (-1.75, sway, 0.1), (-2.1, 0.1 + sway, -0.85), 0.12)
    fin((0.35, 0, 0.6), (-0.75, 0, 0.36), (0.0, 0.03, 1.08), (-1.12, 0.03, 0.66), 0.05, -0.05)
    fin((-0.5, 0.05, -0.3), (-0.85, 0.02, -0.16), (-0.9, 0.12, -0.72), (-1.25, 0.05, -0.45), 0.05)
    for side in (-1, 1):
        fin((0.5, side * 0.26, -0.18), (0.38, side * 0.24, -0.32), (0.0, side * 0.62, -0.36), (0.1, side * 0.5, -0.72), 0.05)
        fin((0.05, side * 0.14, -0.42), (-0.2, side * 0.12, -0.4), (-0.3, side * 0.24, -0.85), (-0.5, side * 0.2, -0.68), 0.04)
    m = np.array(Euler([math.radians(a) for a in turn]).to_matrix())
    for side in (-1, 1):
        for offset, radius, paint in ((0.0, 0.085, material((0.85, 0.6, 0.12), Metallic=0.6, Roughness=0.2)), (0.035, 0.065, material((0.005, 0.005, 0.005), Roughness=0.05))):
            spot = m @ np.array([0.87, side * (0.165 + offset), 0.13]) * size + np.array(at)
            ball(paint, spot.tolist(), radius * size)


def goldfish():
    sky((0.12, 0.42, 0.62), (0.02, 0.16, 0.24), 0.9)
    window((-2, -4, 6), 700, 3, colour=(0.9, 0.97, 1))
    window((3, -6, 2), 220, 3)
    fish((0.15, 0, 0.0), (0, -8, 14), 1.2, 1)
    fish((1.1, 3.0, 2.3), (0, 6, 195), 0.75, 5)
    u = np.linspace(-8, 8, 160)
    x, y = np.meshgrid(u, u, indexing="ij")
    stones = noise(np.stack([x, y, 0 * x], -1), 5, 3, 2)
    tone = blend((0.1, 0.09, 0.07), (0.42, 0.38, 0.3), smooth(0.3, 0.7, stones))
    surface(np.stack([x, y + 2, -1.75 + 0.3 * stones], -1), material(Roughness=0.7), tone)
    pick = rng(6)
    weed = material(mottle=(3, [(0.3, (0.01, 0.1, 0.02)), (0.7, (0.06, 0.3, 0.06))]), Roughness=0.4)
    for _ in range(42):
        x, y, tall = pick.uniform(-4.5, 4.5), pick.uniform(2.4, 5.5), pick.uniform(1.5, 4.5)
        lean = pick.uniform(-0.6, 0.6)
        path = curve([(x, y, -1.7), (x + lean * 0.3 + 0.15, y, -1.7 + tall * 0.4), (x + lean - 0.1, y, -1.7 + tall * 0.75), (x + lean * 1.5, y, -1.7 + tall)], 60)
        ribbon = np.stack([path - np.array([0.11, 0, 0]) * np.linspace(1, 0.1, 60)[:, None], path + np.array([0.11, 0.03, 0]) * np.linspace(1, 0.1, 60)[:, None]], 1)
        surface(ribbon, weed)
    bubble = material((1, 1, 1), Roughness=0.02, Transmission_Weight=1.0, IOR=0.8)
    for _ in range(12):
        ball(bubble, (pick.uniform(1.0, 2.4), pick.uniform(-0.4, 1), pick.uniform(-0.5, 2.6)), pick.uniform(0.03, 0.07))
    camera((0.2, -7.6, 0.5), (-0.1, 0, 0.25), 54, 2.8, (0, -0.5, 0.2))
