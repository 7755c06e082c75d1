"""Our AdamW takes torch's steps, and goes on from what it remembers."""

import torch

from training.adamw import AdamW


def problem() -> tuple[torch.nn.Linear, torch.Tensor]:
    torch.manual_seed(0)
    return torch.nn.Linear(5, 3), torch.randn(40, 5)


def learn(network: torch.nn.Linear, inputs: torch.Tensor, step: object) -> None:
    network(inputs).square().sum().backward()
    step()  # type: ignore[operator]


def test_it_takes_the_steps_that_torch_takes() -> None:
    (ours, inputs), (theirs, _) = problem(), problem()
    mine = AdamW(ours.parameters(), 0.01, 0.1)
    reference = torch.optim.AdamW(theirs.parameters(), 0.01, weight_decay=0.1)
    for number in range(30):
        mine.rate = reference.param_groups[0]["lr"] = 0.01 / (1 + number)
        learn(ours, inputs, mine.step)
        learn(theirs, inputs, reference.step)
        reference.zero_grad()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


def test_it_goes_on_from_its_state_as_if_it_had_not_stopped() -> None:
    (whole, inputs), (parted, _) = problem(), problem()
    one, first = AdamW(whole.parameters(), 0.01, 0.1), AdamW(parted.parameters(), 0.01, 0.1)
    for _ in range(5):
        learn(whole, inputs, one.step)
        learn(parted, inputs, first.step)
    second = AdamW(parted.parameters(), 0.01, 0.1)
    second.restore({name: value.clone() for name, value in first.state().items()})
    for _ in range(5):
        learn(whole, inputs, one.step)
        learn(parted, inputs, second.step)
    assert torch.equal(whole.weight, parted.weight)


def test_a_parameter_that_nothing_depends_on_only_decays() -> None:
    network, _ = problem()
    before = network.weight.detach().clone()
    AdamW(network.parameters(), 0.01, 0.1).step()
    torch.testing.assert_close(network.weight.detach(), before * (1 - 0.01 * 0.1))
