"""The learned demand model: a masked diffusion over sets of trips; the only home of torch.

::

    Scene ──inputs──▶ tensors ──denoiser──▶ who goes where ──sampler──▶ Drawn places
                        noise ──loss──▶ training ──▶ checkpoint

The equations stand in the order of a paper: `noise` (forward process), `denoiser` (the network), `loss` (what it
learns), `sampler` (the reverse process).
"""

__all__: list[str] = []
