"""The studio: meshes from numpy arrays, materials from nodes, light and camera, for Blender's `bpy` module."""

import math

import bpy
import numpy as np
from mathutils import Vector

SIZE = 384
TAU = 2 * math.pi


# --- numbers ----------------------------------------------------------------------------------------------


def rng(seed):
    return np.random.default_rng(seed)


def noise(points, scale=1.0, octaves=4, seed=0):
    """Fractal value noise, 0 to 1, at points (..., 3)."""
    table = rng(seed).random((32, 32, 32))
    p, total, weight, sum_ = np.asarray(points, float) * scale + 100.0, 0.0, 0.5, 0.0
    for _ in range(octaves):
        cell = np.floor(p).astype(int)
        f = p - cell
        f = f * f * (3 - 2 * f)
        value = 0.0
        for dx in (0, 1):
            for dy in (0, 1):
                for dz in (0, 1):
                    w = (
                        (f[..., 0] if dx else 1 - f[..., 0])
                        * (f[..., 1] if dy else 1 - f[..., 1])
                        * (f[..., 2] if dz else 1 - f[..., 2])
                    )
                    value = value + w * table[(cell[..., 0] + dx) % 32, (cell[..., 1] + dy) % 32, (cell[..., 2] + dz) % 32]
        total, sum_ = total + weight * value, sum_ + weight
        p, weight = p * 2.03 + 7.1, weight * 0.5
    return total / sum_


def smooth(low, high, x):
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def blend(a, b, t):
    """Colour a to colour b by t (...), as (..., 3)."""
    return np.asarray(a, float) * (1 - t[..., None]) + np.asarray(b, float) * t[..., None]


# --- materials --------------------------------------------------------------------------------------------


class Nodes:
    """A material's (or the world's) node tree."""

    def __init__(self, owner):
        owner.use_nodes = True
        self.tree = owner.node_tree
        self.tree.nodes.clear()

    def add(self, kind, inputs=None, **properties):
        node = self.tree.nodes.new("ShaderNode" + kind)
        for name, value in properties.items():
            setattr(node, name, value)
        for name, value in (inputs or {}).items():
            self.put(node, name, value)
        return node

    def put(self, node, name, value):
        socket = node.inputs[name]
        if isinstance(value, bpy.types.NodeSocket):
            self.tree.links.new(value, socket)
        elif isinstance(value, (tuple, list)) and len(value) == 3 and socket.type == "RGBA":
            socket.default_value = (*value, 1)
        else:
            socket.default_value = value

    def ramp(self, factor, stops):
        node = self.add("ValToRGB", {0: factor})
        elements = node.color_ramp.elements
        while len(elements) < len(stops):
            elements.new(0.5)
        for element, (position, colour) in zip(elements, stops, strict=True):
            element.position, element.color = position, (*colour, 1)
        return node.outputs[0]

    def noise(self, scale, detail=6, stretch=(1, 1, 1), world=False):
        where = self.add("TexCoord").outputs["Object"]
        if world:
            where = self.add("NewGeometry").outputs["Position"]
        where = self.add("Mapping", {0: where, 3: stretch}).outputs[0]
        return self.add("TexNoise", {"Vector": where, "Scale": scale, "Detail": detail}).outputs[0]

    def bump(self, height, strength, distance=0.02):
        return self.add("Bump", {"Height": height, "Strength": strength, "Distance": distance}).outputs[0]


def material(base=None, bump=None, mottle=None, **principled):
    """A principled material. base: colour, or None for the mesh's own colours; bump: (scale, strength[,
    distance]) of a noise; mottle: (scale, stops) of a noise through a colour ramp."""
    made = bpy.data.materials.new("material")
    n = Nodes(made)
    colour = base if base is not None else n.add("Attribute", attribute_name="Col").outputs[0]
    if mottle:
        colour = n.ramp(n.noise(mottle[0]), mottle[1])
    inputs = {"Base Color": colour, "Roughness": 0.5}
    if bump:
        inputs["Normal"] = n.bump(n.noise(bump[0]), bump[1], *bump[2:])
    inputs.update({key.replace("_", " "): value for key, value in principled.items()})
    shader = n.add("BsdfPrincipled", inputs)
    n.add("OutputMaterial", {"Surface": shader.outputs[0]})
    return made


def wood(dark, light, scale=1.0, rough=0.45):
    made = bpy.data.materials.new("wood")
    n = Nodes(made)
    grain = n.noise(3 * scale, 10, (1.0, 9.0, 1.0))
    planks = n.noise(0.6 * scale, 1, (0.2, 3, 1))
    mixed = n.add("Math", {0: grain, 1: planks}, operation="ADD").outputs[0]
    half = n.add("Math", {0: mixed, 1: 0.5}, operation="MULTIPLY").outputs[0]
    colour = n.ramp(half, [(0.35, dark), (0.62, light)])
    shader = n.add("BsdfPrincipled", {"Base Color": colour, "Roughness": rough, "Normal": n.bump(grain, 0.15)})
    n.add("OutputMaterial", {"Surface": shader.outputs[0]})
    return made


def glow(colour, strength):
    made = bpy.data.materials.new("glow")
    n = Nodes(made)
    n.add("OutputMaterial", {"Surface": n.add("Emission", {"Color": colour, "Strength": strength}).outputs[0]})
    return made


# --- meshes -----------------------------------------------------------------------------------------------


def surface(points, paint, colours=None, wrap_u=False, wrap_v=False, at=(0, 0, 0), turn=(0, 0, 0), size=1.0):
    """A smooth mesh from a grid of points (u, v, 3), with linear RGB colours (u, v, 3) if given."""
    nu, nv = points.shape[:2]
    index = np.arange(nu * nv).reshape(nu, nv)
    if wrap_u:
        index = np.concatenate([index, index[:1]])
    if wrap_v:
        index = np.concatenate([index, index[:, :1]], axis=1)
    faces = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], -1).reshape(-1, 4)
    mesh = bpy.data.meshes.new("surface")
    mesh.from_pydata(points.reshape(-1, 3).tolist(), [], faces.tolist())
    if colours is not None:
        layer = mesh.color_attributes.new("Col", "FLOAT_COLOR", "POINT")
        flat = np.ones((nu * nv, 4), np.float32)
        flat[:, :3] = np.broadcast_to(colours, points.shape).reshape(-1, 3)
        layer.data.foreach_set("color", flat.ravel())
    mesh.polygons.foreach_set("use_smooth", [True] * len(faces))
    mesh.materials.append(paint)
    return place(bpy.data.objects.new("surface", mesh), at, turn, size)


def place(thing, at=(0, 0, 0), turn=(0, 0, 0), size=1.0):
    thing.location = at
    thing.rotation_euler = [math.radians(t) for t in turn]
    thing.scale = (size,) * 3 if np.isscalar(size) else size
    if thing.name not in bpy.context.scene.collection.objects:
        bpy.context.scene.collection.objects.link(thing)
    return thing


def sphere_points(nu=96, nv=192):
    """Unit sphere: polar angle from the top down, then around."""
    a = np.linspace(0, math.pi, nu)[:, None]
    b = np.linspace(0, TAU, nv, endpoint=False)[None]
    return np.stack([np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a) + 0 * b], -1)


def ball(paint, at=(0, 0, 0), size=1.0, turn=(0, 0, 0)):
    return surface(sphere_points(48, 96), paint, wrap_v=True, at=at, size=size, turn=turn)


def lathe_points(profile, around=160):
    """Turns (radius, height) pairs, resampled along a smooth curve, about the z axis."""
    b = np.linspace(0, TAU, around, endpoint=False)
    r, z = np.asarray(profile, float).T
    return np.stack([r[:, None] * np.cos(b), r[:, None] * np.sin(b), z[:, None] + 0 * b], -1)


def curve(knots, count=120):
    """A Catmull-Rom curve through knots (n, d)."""
    k = np.asarray(knots, float)
    k = np.concatenate([2 * k[:1] - k[1:2], k, 2 * k[-1:] - k[-2:-1]])
    t = np.linspace(0, len(k) - 3, count)
    i = np.minimum(t.astype(int), len(k) - 4)
    f = (t - i)[:, None]
    a, b, c, d = k[i], k[i + 1], k[i + 2], k[i + 3]
    return 0.5 * (2 * b + (c - a) * f + (2 * a - 5 * b + 4 * c - d) * f**2 + (3 * b - a - 3 * c + d) * f**3)


def tube_points(path, radii, around=24, closed=False):
    """Circles of `radii` along `path` (n, 3)."""
    path, radii = np.asarray(path, float), np.broadcast_to(radii, len(path))
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True) + 1e-12
    side = np.cross(ahead[0], [0.3, 0.2, 0.93])
    rows, b = [], np.linspace(0, TAU, around, endpoint=False)[:, None]
    for centre, radius, t in zip(path, radii, ahead, strict=True):
        side = side - t * side.dot(t)
        side /= np.linalg.norm(side)
        rows.append(centre + radius * (np.cos(b) * side + np.sin(b) * np.cross(t, side)))
    return np.stack(rows)


def tube(path, radii, paint, around=16, **where):
    return surface(tube_points(path, radii, around), paint, wrap_v=True, **where)


def box(paint, at, size, bevel=0.02, turn=(0, 0, 0)):
    x, y, z = (s / 2 for s in size)
    corners = [(i * x, j * y, k * z) for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    mesh = bpy.data.meshes.new("box")
    mesh.from_pydata(corners, [], faces)
    mesh.materials.append(paint)
    thing = place(bpy.data.objects.new("box", mesh), at, turn)
    if bevel:
        modifier = thing.modifiers.new("bevel", "BEVEL")
        modifier.width, modifier.segments = bevel, 3
    return thing


def plane(paint, at=(0, 0, 0), size=40.0, turn=(0, 0, 0)):
    u = np.linspace(-0.5, 0.5, 2) * size
    x, y = np.meshgrid(u, u, indexing="ij")
    return surface(np.stack([x, y, 0 * x], -1), paint, at=at, turn=turn)


def leaf(paint, at, turn, size=1.0, width=0.45, fold=0.25, droop=0.3):
    """A pointed leaf along x, from the stem at 0 to the tip at 1."""
    u, v = np.linspace(0, 1, 40)[:, None], np.linspace(-1, 1, 21)[None]
    half = width * np.sin(math.pi * u**0.8) ** 0.9
    y = half * v
    z = fold * np.abs(y) - droop * u**2
    return surface(np.stack([u + 0 * v, y, z], -1), paint, at=at, turn=turn, size=size)


def text(words, paint, at, turn, size, bold=0.0):
    body = bpy.data.curves.new("text", "FONT")
    body.body, body.align_x, body.align_y, body.size, body.offset = words, "CENTER", "CENTER", size, bold
    body.materials.append(paint)
    return place(bpy.data.objects.new("text", body), at, turn)


# --- light and camera -------------------------------------------------------------------------------------


def fresh(samples=12, size=SIZE):
    """An empty scene."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.seed = samples, True, 1
    scene.cycles.max_bounces = 6
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.view_settings.view_transform, scene.view_settings.look = "Standard", "None"
    scene.view_settings.exposure = 0.1
    scene.world = bpy.data.worlds.new("world")
    return scene


def world(colour, strength=1.0):
    n = Nodes(bpy.context.scene.world)
    n.add("OutputWorld", {0: n.add("Background", {0: colour, 1: strength}).outputs[0]})


def sky(zenith=(0.1, 0.3, 0.75), horizon=(0.65, 0.8, 0.95), strength=1.0, clouds=0.0):
    n = Nodes(bpy.context.scene.world)
    where = n.add("TexCoord").outputs["Generated"]
    up = n.add("SeparateXYZ", {0: where}).outputs[2]
    colour = n.ramp(up, [(0.0, horizon), (0.5, zenith)])
    if clouds:
        stretched = n.add("Mapping", {0: where, 3: (1, 1, 3.5)}).outputs[0]
        puffs = n.add("TexNoise", {"Vector": stretched, "Scale": 2.2, "Detail": 9}).outputs[0]
        amount = n.ramp(puffs, [(0.62 - 0.25 * clouds, (0, 0, 0)), (0.75, (1, 1, 1))])
        colour = n.add("MixRGB", {0: amount, 1: colour, 2: (0.95, 0.95, 0.97)}).outputs[0]
    n.add("OutputWorld", {0: n.add("Background", {0: colour, 1: strength}).outputs[0]})


def aim(thing, at, target):
    thing.location = at
    thing.rotation_euler = (Vector(target) - Vector(at)).to_track_quat("-Z", "Y").to_euler()


def sun(at, strength=3.0, colour=(1, 0.95, 0.85), soft=1.5):
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy, lamp.color, lamp.angle = strength, colour, math.radians(soft)
    aim(place(bpy.data.objects.new("sun", lamp)), at, (0, 0, 0))


def window(at, watts, size=2.0, target=(0, 0, 0), colour=(1, 0.97, 0.92)):
    lamp = bpy.data.lights.new("window", "AREA")
    lamp.energy, lamp.size, lamp.color = watts, size, colour
    aim(place(bpy.data.objects.new("window", lamp)), at, target)


def camera(at, target, lens=60, fstop=None, focus=None):
    body = bpy.data.cameras.new("camera")
    body.lens = lens
    if fstop:
        body.dof.use_dof, body.dof.aperture_fstop = True, fstop
        body.dof.focus_distance = (Vector(focus or target) - Vector(at)).length
    thing = place(bpy.data.objects.new("camera", body))
    aim(thing, at, target)
    bpy.context.scene.camera = thing


def shoot(path):
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
