"""The next value of a series from windows of it, after "Timeseries forecasting for weather"."""

import keras
import numpy as np
from keras import layers


def main(fit):
    hours = np.arange(1600)
    rng = np.random.default_rng(0)
    series = np.sin(hours / 12) + 0.5 * np.sin(hours / 40) + 0.1 * rng.normal(size=len(hours))
    series = series.astype("float32")[:, None]

    def windows(part):
        return keras.utils.timeseries_dataset_from_array(
            part[:-24], part[24:], sequence_length=24, batch_size=64, shuffle=False
        )

    inputs = keras.Input((24, 1))
    model = keras.Model(inputs, layers.Dense(1)(layers.LSTM(16)(inputs)))
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="mse")
    fit(model, windows(series[:1200]), epochs=8, validation_data=windows(series[1200:]))
