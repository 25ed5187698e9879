# What R's packages find for trial.csv. Writes estimators.json beside itself.
library(estimatr)
library(clubSandwich)

people <- read.csv("trial.csv")
people$treated <- as.integer(people$arm == "intervention")

row <- function(fit, term) {
  list(effect = fit$coefficients[[term]], se = fit$std.error[[term]], p = fit$p.value[[term]],
       ci_low = fit$conf.low[[term]], ci_high = fit$conf.high[[term]], df = fit$df[[term]])
}

found <- list()

# Office effects, one convention after the other.
for (kind in c("classical", "HC1", "HC2", "HC3")) {
  fit <- lm_robust(months ~ treated + factor(office), people, se_type = kind)
  found$office_effects[[kind]] <- row(fit, "treated")
}
fit <- lm_robust(months ~ treated + factor(office), people, clusters = office, se_type = "stata")
found$office_effects$cluster <- row(fit, "treated")

# CR2 and Satterthwaite's degrees of freedom from the package that defines them.
plain <- lm(months ~ treated + factor(office), people)
test <- coef_test(plain, vcov = "CR2", cluster = people$office, test = "Satterthwaite", coefs = "treated")
found$office_effects$CR2 <- list(effect = test$beta, se = test$SE, p = test$p_Satt, df = test$df_Satt)

# The same without office effects and with a covariate, so that no closed form applies.
plain <- lm(months ~ treated + age, people)
test <- coef_test(plain, vcov = "CR2", cluster = people$office, test = "Satterthwaite", coefs = "treated")
found$with_covariate$CR2 <- list(effect = test$beta, se = test$SE, p = test$p_Satt, df = test$df_Satt)

# Two-stage least squares: the draw as instrument for having received the treatment.
for (kind in c("classical", "HC1", "HC2", "HC3")) {
  fit <- iv_robust(months ~ received + factor(office) | treated + factor(office), people, se_type = kind)
  found$compliers[[kind]] <- row(fit, "received")
}
fit <- iv_robust(months ~ received + factor(office) | treated + factor(office), people,
                 clusters = office, se_type = "stata")
found$compliers$cluster <- row(fit, "received")

# Weights of one over the declared chance of the arm.
chance <- c(Halden = 0.5, Hurum = 0.625, Moss = 0.5, Royken = 0.625, Rygge = 0.75)[people$office]
people$weight <- 1 / ifelse(people$treated == 1, chance, 1 - chance)
for (kind in c("classical", "HC1", "HC2", "HC3")) {
  fit <- lm_robust(months ~ treated, people, weights = weight, se_type = kind)
  found$weighted[[kind]] <- row(fit, "treated")
}

# Lin (2013) by hand: covariates centred and interacted, office effects beside.
people$age_centred <- people$age - mean(people$age)
people$men_centred <- people$men - mean(people$men)
fit <- lm_robust(months ~ treated * (age_centred + men_centred) + factor(office), people, se_type = "HC2")
found$adjusted$HC2 <- row(fit, "treated")

# Drawn units: means of offices, unweighted; pretend that offices were drawn.
units <- aggregate(months ~ office, people, mean)
units$treated <- as.integer(units$office %in% c("Hurum", "Moss"))
fit <- lm_robust(months ~ treated, units, se_type = "classical")
found$units$classical <- row(fit, "treated")

# Power and sample size.
found$power$t_test <- pwr::pwr.t.test(n = 64, d = 0.5)$power
found$power$uneven_t_test <- pwr::pwr.t2n.test(n1 = 101, n2 = 167, d = 0.35)$power
found$power$anova <- pwr::pwr.anova.test(k = 3, n = 53, f = 0.25)$power
found$power$proportions <- power.prop.test(n = 77, p1 = 0.5, p2 = 0.75)$power

found$versions <- lapply(
  list(R = getRversion(), estimatr = packageVersion("estimatr"),
       clubSandwich = packageVersion("clubSandwich"), pwr = packageVersion("pwr")), as.character)
writeLines(jsonlite::toJSON(found, auto_unbox = TRUE, digits = 15, pretty = TRUE), "estimators.json")
