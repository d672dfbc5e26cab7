//! Backward passes of the layer operations, for every backend.

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients as Grads;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};

use super::{ConvShape, LayerOps, LayerOpsBackward, PoolShape};
use crate::architecture::LocalResponseNorm;

#[derive(Debug)]
struct Conv2dOp;

impl<B: LayerOpsBackward> Backward<B, 3> for Conv2dOp {
    type State = ([NodeId; 3], ConvShape);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Grads, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (states, shape) = ops.state;
        let [x, weight, bias] =
            states.map(|state| checkpointer.retrieve_node_output::<FloatTensor<B>>(state));
        let [node_x, node_weight, node_bias] = ops.parents;
        if let Some(node) = node_bias {
            grads.register::<B>(node.id, B::conv2d_bias_grad(x.clone(), bias, gradient.clone()));
        }
        if let Some(node) = node_weight {
            let node_weight = B::conv2d_weight_grad(x.clone(), weight.clone(), gradient.clone(), shape);
            grads.register::<B>(node.id, node_weight);
        }
        if let Some(node) = node_x {
            grads.register::<B>(node.id, B::conv2d_input_grad(x, weight, gradient, shape));
        }
    }
}

#[derive(Debug)]
struct LinearOp;

impl<B: LayerOpsBackward> Backward<B, 3> for LinearOp {
    type State = ([NodeId; 2], usize);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Grads, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (states, groups) = ops.state;
        let [x, weight] = states.map(|state| checkpointer.retrieve_node_output::<FloatTensor<B>>(state));
        let [node_x, node_weight, node_bias] = ops.parents;
        if let Some(node) = node_bias {
            grads.register::<B>(node.id, B::linear_bias_grad(gradient.clone()));
        }
        if let Some(node) = node_weight {
            grads.register::<B>(node.id, B::linear_weight_grad(x, gradient.clone(), groups));
        }
        if let Some(node) = node_x {
            grads.register::<B>(node.id, B::linear_input_grad(weight, gradient, groups));
        }
    }
}

#[derive(Debug)]
struct BatchNormOp;

impl<B: LayerOpsBackward> Backward<B, 3> for BatchNormOp {
    type State = ([NodeId; 2], [FloatTensor<B>; 2], f64);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Grads, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (states, statistics, epsilon) = ops.state;
        let [x, gamma] = states.map(|state| checkpointer.retrieve_node_output::<FloatTensor<B>>(state));
        let all = B::batch_norm_grads(x, gamma, statistics, epsilon, gradient);
        for (node, gradient) in ops.parents.into_iter().zip(all) {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct LocalResponseNormOp;

impl<B: LayerOpsBackward> Backward<B, 1> for LocalResponseNormOp {
    type State = (NodeId, LocalResponseNorm);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Grads, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (x, constants) = ops.state;
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(x);
        let [node_x] = ops.parents;
        if let Some(node) = node_x {
            grads.register::<B>(node.id, B::local_response_norm_grad(x, gradient, constants));
        }
    }
}

#[derive(Debug)]
struct ReluOp;

impl<B: LayerOpsBackward> Backward<B, 1> for ReluOp {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Grads, _checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let [node_x] = ops.parents;
        if let Some(node) = node_x {
            grads.register::<B>(node.id, B::relu_grad(ops.state, gradient));
        }
    }
}

#[derive(Debug)]
struct MaxPool2dOp;

impl<B: LayerOpsBackward> Backward<B, 1> for MaxPool2dOp {
    type State = (NodeId, IntTensor<B>, PoolShape);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Grads, checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let (x, indices, shape) = ops.state;
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(x);
        let [node_x] = ops.parents;
        if let Some(node) = node_x {
            grads.register::<B>(node.id, B::max_pool2d_grad(x, indices, gradient, shape));
        }
    }
}

impl<B: LayerOpsBackward, C: CheckpointStrategy> LayerOps for Autodiff<B, C> {
    fn conv2d_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        match Conv2dOp.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let states = [prep.checkpoint(&x), prep.checkpoint(&weight), prep.checkpoint(&bias)];
                prep.finish(
                    (states, shape),
                    B::conv2d_forward(
                        x.into_primitive(),
                        weight.into_primitive(),
                        bias.into_primitive(),
                        shape,
                    ),
                )
            }
            OpsKind::UnTracked(prep) => prep.finish(B::conv2d_forward(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                shape,
            )),
        }
    }

    fn linear_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        groups: usize,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        match LinearOp.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let states = [prep.checkpoint(&x), prep.checkpoint(&weight)];
                let [x, weight, bias] = [x, weight, bias].map(FloatTensor::<Self>::into_primitive);
                prep.finish((states, groups), B::linear_forward(x, weight, bias, groups))
            }
            OpsKind::UnTracked(prep) => {
                let [x, weight, bias] = [x, weight, bias].map(FloatTensor::<Self>::into_primitive);
                prep.finish(B::linear_forward(x, weight, bias, groups))
            }
        }
    }

    fn batch_norm_forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [x.node(), gamma.node(), beta.node()];
        let (out, mean, variance) = match BatchNormOp.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let states = [prep.checkpoint(&x), prep.checkpoint(&gamma)];
                let [x, gamma, beta] = [x, gamma, beta].map(FloatTensor::<Self>::into_primitive);
                let (out, mean, variance) = B::batch_norm_forward(x, gamma, beta, epsilon);
                let state = (states, [mean.clone(), variance.clone()], epsilon);
                (prep.finish(state, out), mean, variance)
            }
            OpsKind::UnTracked(prep) => {
                let [x, gamma, beta] = [x, gamma, beta].map(FloatTensor::<Self>::into_primitive);
                let (out, mean, variance) = B::batch_norm_forward(x, gamma, beta, epsilon);
                (prep.finish(out), mean, variance)
            }
        };
        (out, FloatTensor::<Self>::new(mean), FloatTensor::<Self>::new(variance))
    }

    fn local_response_norm_forward(x: FloatTensor<Self>, constants: LocalResponseNorm) -> FloatTensor<Self> {
        match LocalResponseNormOp.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = prep.checkpoint(&x);
                prep.finish((state, constants), B::local_response_norm_forward(x.into_primitive(), constants))
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::local_response_norm_forward(x.into_primitive(), constants))
            }
        }
    }

    fn relu_forward(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let node = x.node();
        let out = B::relu_forward(x.into_primitive());
        match ReluOp.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(out.clone(), out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn max_pool2d_forward(x: FloatTensor<Self>, shape: PoolShape) -> FloatTensor<Self> {
        match MaxPool2dOp.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = prep.checkpoint(&x);
                let (out, indices) = B::max_pool2d_indices(x.into_primitive(), shape);
                prep.finish((state, indices, shape), out)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::max_pool2d_forward(x.into_primitive(), shape)),
        }
    }
}
