//! The backward passes, the same on every backend.

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients as Grads;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};

use super::{ConvShape, Gradients, LayerOps, PoolShape};
use crate::architecture::LocalResponse;

#[derive(Debug)]
struct Convolve;

impl<B: Gradients> Backward<B, 3> for Convolve {
    type State = ([NodeId; 3], ConvShape);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Grads, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (states, shape) = ops.state;
        let [x, weight, bias] =
            states.map(|state| checkpointer.retrieve_node_output::<FloatTensor<B>>(state));
        let [by_x, by_weight, by_bias] = ops.parents;
        if let Some(node) = by_bias {
            grads.register::<B>(node.id, B::convolve_bias(x.clone(), bias, gradient.clone()));
        }
        if let Some(node) = by_weight {
            let by_weight = B::convolve_weight(x.clone(), weight.clone(), gradient.clone(), shape);
            grads.register::<B>(node.id, by_weight);
        }
        if let Some(node) = by_x {
            grads.register::<B>(node.id, B::convolve_input(x, weight, gradient, shape));
        }
    }
}

#[derive(Debug)]
struct Connect;

impl<B: Gradients> Backward<B, 3> for Connect {
    type State = ([NodeId; 2], usize);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Grads, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (states, towers) = ops.state;
        let [x, weight] = states.map(|state| checkpointer.retrieve_node_output::<FloatTensor<B>>(state));
        let [by_x, by_weight, by_bias] = ops.parents;
        if let Some(node) = by_bias {
            grads.register::<B>(node.id, B::connect_bias(gradient.clone()));
        }
        if let Some(node) = by_weight {
            grads.register::<B>(node.id, B::connect_weight(x, gradient.clone(), towers));
        }
        if let Some(node) = by_x {
            grads.register::<B>(node.id, B::connect_input(weight, gradient, towers));
        }
    }
}

#[derive(Debug)]
struct Normalise;

impl<B: Gradients> Backward<B, 3> for Normalise {
    type State = ([NodeId; 2], [FloatTensor<B>; 2], f64);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Grads, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (states, statistics, epsilon) = ops.state;
        let [x, gamma] = states.map(|state| checkpointer.retrieve_node_output::<FloatTensor<B>>(state));
        let all = B::normalise_all(x, gamma, statistics, epsilon, gradient);
        for (node, gradient) in ops.parents.into_iter().zip(all) {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct Respond;

impl<B: Gradients> Backward<B, 1> for Respond {
    type State = (NodeId, LocalResponse);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Grads, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (x, by) = ops.state;
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(x);
        let [by_x] = ops.parents;
        if let Some(node) = by_x {
            grads.register::<B>(node.id, B::respond_input(x, gradient, by));
        }
    }
}

#[derive(Debug)]
struct Rectify;

impl<B: Gradients> Backward<B, 1> for Rectify {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Grads, _checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let [by_x] = ops.parents;
        if let Some(node) = by_x {
            grads.register::<B>(node.id, B::rectify_input(ops.state, gradient));
        }
    }
}

#[derive(Debug)]
struct Pool;

impl<B: Gradients> Backward<B, 1> for Pool {
    type State = (NodeId, IntTensor<B>, PoolShape);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Grads, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (x, places, shape) = ops.state;
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(x);
        let [by_x] = ops.parents;
        if let Some(node) = by_x {
            grads.register::<B>(node.id, B::pool_input(x, places, gradient, shape));
        }
    }
}

impl<B: Gradients, C: CheckpointStrategy> LayerOps for Autodiff<B, C> {
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        match Convolve.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let states = [prep.checkpoint(&x), prep.checkpoint(&weight), prep.checkpoint(&bias)];
                prep.finish(
                    (states, shape),
                    B::convolve(x.into_primitive(), weight.into_primitive(), bias.into_primitive(), shape),
                )
            }
            OpsKind::UnTracked(prep) => prep.finish(B::convolve(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                shape,
            )),
        }
    }

    fn connect(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        towers: usize,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        match Connect.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let states = [prep.checkpoint(&x), prep.checkpoint(&weight)];
                let [x, weight, bias] = [x, weight, bias].map(FloatTensor::<Self>::into_primitive);
                prep.finish((states, towers), B::connect(x, weight, bias, towers))
            }
            OpsKind::UnTracked(prep) => {
                let [x, weight, bias] = [x, weight, bias].map(FloatTensor::<Self>::into_primitive);
                prep.finish(B::connect(x, weight, bias, towers))
            }
        }
    }

    fn normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [x.node(), gamma.node(), beta.node()];
        let (out, mean, variance) = match Normalise.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let states = [prep.checkpoint(&x), prep.checkpoint(&gamma)];
                let [x, gamma, beta] = [x, gamma, beta].map(FloatTensor::<Self>::into_primitive);
                let (out, mean, variance) = B::normalise(x, gamma, beta, epsilon);
                let state = (states, [mean.clone(), variance.clone()], epsilon);
                (prep.finish(state, out), mean, variance)
            }
            OpsKind::UnTracked(prep) => {
                let [x, gamma, beta] = [x, gamma, beta].map(FloatTensor::<Self>::into_primitive);
                let (out, mean, variance) = B::normalise(x, gamma, beta, epsilon);
                (prep.finish(out), mean, variance)
            }
        };
        (out, FloatTensor::<Self>::new(mean), FloatTensor::<Self>::new(variance))
    }

    fn respond(x: FloatTensor<Self>, by: LocalResponse) -> FloatTensor<Self> {
        match Respond.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = prep.checkpoint(&x);
                prep.finish((state, by), B::respond(x.into_primitive(), by))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::respond(x.into_primitive(), by)),
        }
    }

    fn rectify(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let node = x.node();
        let out = B::rectify(x.into_primitive());
        match Rectify.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(out.clone(), out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn pool(x: FloatTensor<Self>, shape: PoolShape) -> FloatTensor<Self> {
        match Pool.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = prep.checkpoint(&x);
                let (out, places) = B::pool_places(x.into_primitive(), shape);
                prep.finish((state, places, shape), out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::pool(x.into_primitive(), shape)),
        }
    }
}
