"""The contrastive loss: which positive belongs to which anchor?"""

from keras import ops

# Logit of a masked column: its exp() and its gradient are 0. It is finite, because infinity times 0 would
# give NaN in a gradient.
NO_COLUMN = -1e30


def association_loss(anchors, positives, weight, absent, first=0):
    """Compute the cross-entropy of finding each anchor's positive among all positives of the minibatch.

    The logits are ``anchors @ weight @ positives.T``. All absent positives are averaged into one extra
    column, the target of every anchor whose positive is absent. If none is absent, that column
    is masked. All shapes are static: columns are masked, not removed.

    Parameters
    ----------
    anchors, positives : tensor, shape=(n_pairs, n_features)
        Projected crops. There may be fewer anchors, if they are a part of the minibatch.
    weight : tensor, shape=(n_features, n_features)
        Weight of the bilinear similarity.
    absent : tensor, shape=(n_pairs,), bool
        Which pairs have no positive.
    first : tensor, shape=(), int
        Position of the part's first anchor in the minibatch.

    Returns
    -------
    loss : tensor, shape=(), float32
        Mean over the anchors; 0, with gradients of 0, when all positives are absent.
    accuracy : tensor, shape=(), float32
        Share of the anchors whose largest logit (the first if tied) is their target's.

    References
    ----------
    MSCOL_SMC23 mscol/network.py, ContrastiveModel.train_step.
    """
    anchors, positives, weight = (ops.cast(tensor, "float32") for tensor in (anchors, positives, weight))
    absent = ops.cast(absent, "bool")
    n_pairs = ops.shape(positives)[0]

    is_absent = ops.cast(absent, "float32")
    n_absent = ops.sum(is_absent)
    shared = ops.matmul(is_absent[None, :], positives) / ops.maximum(n_absent, 1.0)
    columns = ops.concatenate([positives, shared], axis=0)  # (n_pairs + 1, n_features)
    exists = ops.concatenate([ops.logical_not(absent), n_absent[None] > 0], axis=0)

    logits = ops.matmul(anchors, ops.matmul(weight, ops.transpose(columns)))  # (n_pairs, n_pairs + 1)
    logits = ops.where(exists[None, :], logits, NO_COLUMN)
    target = ops.where(absent, n_pairs, ops.arange(n_pairs))
    if anchors.shape[0] != positives.shape[0]:
        target = ops.slice(target, [first], [anchors.shape[0]])

    target_logits = ops.sum(logits * ops.one_hot(target, n_pairs + 1), axis=1)
    loss = ops.mean(ops.logsumexp(logits, axis=1) - target_logits)
    hits = ops.equal(ops.cast(ops.argmax(logits, axis=1), "int32"), ops.cast(target, "int32"))
    return loss, ops.mean(ops.cast(hits, "float32"))
