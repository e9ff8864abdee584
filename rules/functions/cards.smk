# What the cards of encoders say, and which there are. No rules here.


def pretrained_on():
    """What a card says of the dataset that encoders are pretrained on."""
    return {
        "name": PRETRAINING_DATASET,
        "layout": dataset_settings(PRETRAINING_DATASET)["layout"],
        "embedded": is_embedded(PRETRAINING_DATASET),
    }


def card_separator():
    brought = dataset_settings(PRETRAINING_DATASET)["stems"]
    return None if brought else separator_name()


def encoder_cards():
    """The cards of the config's encoders; a function has none."""
    return [
        path
        for model in configured_models()
        if not model.callable
        for path in expand(
            rules.write_model_card.output.card, model=model.name, seed=config["seeds"]
        )
    ]
